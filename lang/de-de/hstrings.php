<?php

// The hub has German under both names, and looks for no other.
require __DIR__ . '/../de/hstrings.php';
