<?php

declare(strict_types=1);

use Faces\Model\Setting;
use Faces\Model\Threshold;
use PHPUnit\Framework\TestCase;

final class SettingTest extends TestCase
{
    public function testEveryDefaultIsAGoodValue(): void
    {
        foreach (Setting::all() as $name => $setting) {
            $this->assertSame($name, $setting->name);
            $this->assertTrue($setting->isGood($setting->default), $name);
            $this->assertSame($setting->default, $setting->checked($setting->default), $name);
        }
    }

    /** @dataProvider values */
    public function testAValueOfAFormIsWithinWhatIsAllowedOrNone(string $name, array|string $given, mixed $expected): void
    {
        $value = Setting::all()[$name]->fromForm($given);
        $this->assertSame($expected, $value);
        $this->assertTrue($value === null || Setting::all()[$name]->isGood($value));
    }

    /** @return list<array{string, array<string>|string, mixed}> */
    public static function values(): array
    {
        return [
            ['zoom', '4', 4], ['zoom', ' 4,6 ', 5], ['zoom', '99', 6], ['zoom', '-1e300', 1], ['zoom', '1e999', null], ['zoom', 'x', null],
            ['zoom', '', null], ['zoom', ['1'], null], ['min_face_percent', '2,5', 2.5], ['min_face_percent', '0.12345', 0.123],
            ['metric', 'cosine', 'cosine'], ['metric', 'Cosine', null], ['metric', ['cosine'], null],
            ['models', ['Dlib', 'Dlib'], ['Dlib']], ['models', [], []], ['models', 'Dlib', null], ['models', ['dlib'], null],
            ['enforce', '1', true], ['enforce', '0', false], ['enforce', 'yes', false],
        ];
    }

    public function testWhatIsNoValueInTheFileIsTheDefault(): void
    {
        $bad = [null, [], 'x', -1, 1e308, true, ['a' => 'Dlib'], ['x'], new stdClass()];
        foreach (Setting::all() as $name => $setting) {
            foreach ($bad as $value) {
                $this->assertTrue($setting->isGood($setting->checked($value)), $name);
            }
        }
    }

    public function testThresholdsStayWithinHalfAndOneAndAHalf(): void
    {
        foreach (Threshold::DEFAULTS as $model => $metrics) {
            foreach ($metrics as $metric => $default) {
                [$least, $greatest] = Threshold::range($model, $metric);
                foreach ([0.0, $default / 3, $default, 2 * $default, 1e9, -1.0] as $value) {
                    $clamped = Threshold::clamped($model, $metric, $value);
                    $this->assertGreaterThanOrEqual($least * 0.9999, $clamped);
                    $this->assertLessThanOrEqual($greatest * 1.0001, $clamped);
                }
                $this->assertSame((float) $default, Threshold::clamped($model, $metric, (float) $default));
            }
        }
    }
}
