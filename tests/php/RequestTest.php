<?php

declare(strict_types=1);

use Faces\Refusal;
use Faces\Web\Request;
use PHPUnit\Framework\TestCase;

final class RequestTest extends TestCase
{
    public function testValuesAreTextsOrRefused(): void
    {
        $request = new Request('GET', ['faces', 'ada'], ['a' => 'x', 'list' => ['1'], 'bad' => "\xff"], ['f' => 'y', 'n' => ['z']]);
        self::assertSame(['x', '', 'y', 'ada', ''], [$request->value('a'), $request->value('none'), $request->field('f'), $request->part(1), $request->part(9)]);
        foreach ([static fn () => $request->value('list'), static fn () => $request->value('bad'), static fn () => $request->field('n'),
            static fn () => $request->value('a', 0)] as $ask) {
            self::assertSame(Refusal::BAD, self::code($ask));
        }
    }

    public function testNumbers(): void
    {
        $request = new Request('GET', [], ['n' => '7', 'large' => '99999999999', 'minus' => '-1', 'odd' => '7x', 'line' => "7\n"]);
        self::assertSame([7, 3], [$request->number('n', 1, 0, 10), $request->number('none', 3, 0, 10)]);
        foreach (['large', 'minus', 'odd', 'line'] as $name) {
            self::assertSame(Refusal::BAD, self::code(static fn () => $request->number($name, 1, 0, 10)));
        }
        self::assertSame(Refusal::BAD, self::code(static fn () => $request->number('n', 1, 0, 6)));
    }

    public function testNamesAndChoices(): void
    {
        $request = new Request('GET', [], ['one' => ' Ada ', 'many' => ['Ada', "Bob\n", '', 'Ada'], 'deep' => [['x']], 'zero' => '0', 'crowd' => array_fill(0, 101, 'x')]);
        self::assertSame(['Ada'], $request->names('one'));
        self::assertSame(['Ada', 'Bob'], $request->names('many'));
        self::assertSame([], $request->names('none'));
        self::assertSame('0', $request->choice('zero', ['1', '0']));
        self::assertSame('1', $request->choice('none', ['1', '0']));
        self::assertSame(Refusal::BAD, self::code(static fn () => $request->names('deep')));
        self::assertSame(Refusal::BAD, self::code(static fn () => $request->names('crowd')));
        self::assertSame(Refusal::BAD, self::code(static fn () => $request->choice('one', ['1', '0'])));
    }

    private static function code(callable $ask): int
    {
        try {
            $ask();
        } catch (Refusal $refusal) {
            return (int) $refusal->getCode();
        }
        return 0;
    }
}
