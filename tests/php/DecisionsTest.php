<?php

declare(strict_types=1);

use Faces\Model\Box;
use Faces\Model\Decisions;
use Faces\Model\Face;
use Faces\Model\Photo;
use PHPUnit\Framework\TestCase;

/** The rules one by one; that they are the worker's own is tested against it (tests/py/test_web_data.py). */
final class DecisionsTest extends TestCase
{
    private const CONTENT = 'c0';

    public function testTheNewestHolds(): void
    {
        self::assertSame(['Grace', 'named'], self::after([self::decision('01', 'name', 'Ada'), self::decision('02', 'name', 'Grace')]));
        self::assertSame(['', 'unknown'], self::after([self::decision('01', 'name', 'Ada'), self::decision('02', 'unknown')]));
        self::assertSame(['', ''], self::after([self::decision('01', 'ignore'), self::decision('02', 'clear')]));
    }

    public function testWhatTheRowAlreadyHasIsNotDoneAgain(): void
    {
        $face = self::face('a', name: 'Edited by hand', state: 'named', time: self::time('05'));
        self::assertSame(['Edited by hand', 'named'], self::after([self::decision('05', 'name', 'Ada')], $face));
        $face = self::face('a', name: 'Old', state: 'named', time: self::time('05'));
        self::assertSame(['Ada', 'named'], self::after([self::decision('06', 'name', 'Ada')], $face));
    }

    public function testRejections(): void
    {
        $face = self::face('a', guess: 'Ada');
        self::after([self::decision('01', 'reject', 'Ada')], $face);
        self::assertSame('', $face->guess);
        $face = self::face('a', guess: 'Ada');
        self::after([self::decision('01', 'reject', 'Ada'), self::decision('02', 'name', 'Ada'), self::decision('03', 'clear')], $face);
        self::assertSame('Ada', $face->guess);
        $face = self::face('a', name: 'Ada', state: 'named', time: self::time('01'));
        self::assertSame(['', ''], self::after([self::decision('02', 'reject', 'Ada')], $face));
        $face = self::face('a', name: 'Ada', state: 'named', time: self::time('01'));
        self::assertSame(['Ada', 'named'], self::after([self::decision('02', 'reject', 'Bob')], $face));
    }

    public function testAnotherDetectionOfTheSamePlace(): void
    {
        self::assertSame(['Ada', 'named'], self::after([self::decision('01', 'name', 'Ada', 'gone', new Box(0.11, 0.1, 0.2, 0.2))]));
        self::assertSame(['', ''], self::after([self::decision('01', 'name', 'Ada', 'gone', new Box(0.6, 0.6, 0.2, 0.2))]));
    }

    public function testAReplacedPhotoInheritsNothingByPlace(): void
    {
        self::assertSame(['', ''], self::after([self::decision('01', 'name', 'Ada', 'gone', content: 'other')]));
        self::assertSame(['Ada', 'named'], self::after([self::decision('01', 'name', 'Ada', 'gone', content: '')]));
        self::assertSame(['Ada', 'named'], self::after([self::decision('01', 'name', 'Ada', 'gone', photo: 'uploaded before')]));
    }

    public function testWhatWasDecidedOnAPhotoHeMayNotSeeIsNotTold(): void
    {
        foreach ([self::decision('01', 'name', 'Ada', photo: 'private'), self::decision('01', 'name', 'Ada', 'gone', photo: 'private')] as $decision) {
            self::assertSame(['Ada', 'named'], self::after([$decision]));
            self::assertSame(['', ''], self::after([$decision], visible: ['p' => true]));
            self::assertSame(['Ada', 'named'], self::after([$decision], visible: ['p' => true, 'private' => true]));
        }
        self::assertSame(['Ada', 'named'], self::after([self::decision('01', 'name', 'Ada')], visible: ['p' => true]));
    }

    public function testARowWithoutContentIsFoundByThePhoto(): void
    {
        $face = self::face('a');
        $decision = self::decision('01', 'name', 'Ada', 'gone');
        (new Decisions([$decision]))->apply(new Photo('p', '', '', [$face]));
        self::assertSame('Ada', $face->name);
    }

    /** @return array{string, string} name and state */
    private static function after(array $decisions, ?Face $face = null, ?array $visible = null): array
    {
        $face ??= self::face('a');
        (new Decisions($decisions, $visible))->apply(new Photo('p', self::CONTENT, '', [$face, self::face('b', new Box(0.6, 0.1, 0.1, 0.1))]));
        return [$face->name, $face->state];
    }

    private static function face(string $id, ?Box $box = null, string $name = '', string $state = '', string $guess = '', string $time = ''): Face
    {
        return new Face($id, $box ?? new Box(0.1, 0.1, 0.2, 0.2), 1, $name, $state, $guess, null, $time, 0.9, 'yunet', 'Dlib');
    }

    private static function decision(string $second, string $kind, string $name = '', string $face = 'a', ?Box $box = null,
        string $content = self::CONTENT, string $photo = 'p'): array
    {
        $box ??= new Box(0.1, 0.1, 0.2, 0.2);
        return [self::time($second), $face, $photo, $box->x, $box->y, $box->w, $box->h, $kind, $name, $content];
    }

    private static function time(string $second): string
    {
        return "2026-01-01T00:00:{$second}Z";
    }
}
