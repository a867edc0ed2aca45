<?php

declare(strict_types=1);

namespace Faces\Store;

/** A data file that cannot be used. It is left alone; the message says why. */
final class UnreadableFile extends \RuntimeException
{
}
