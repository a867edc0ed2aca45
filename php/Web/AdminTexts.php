<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\Model\Setting;
use Faces\View\Cost;
use Faces\Worker\SelfCheck;
use Faces\Worker\Settings;

/** What the admin's page says. */
final class AdminTexts
{
    /** What became of what was asked for. */
    public static function done(string $done): string
    {
        return match ($done) {
            '' => '',
            'saved' => t('Saved.'),
            'savedcheck' => t('Saved. What works with this Python is being checked.'),
            'check' => t('The self-check has begun.'),
            'busy' => t('A self-check is at work already.'),
            'endcheck' => t('The self-check is being stopped.'),
            'stop' => t('What is at work was asked to stop. What does not stop within a minute is ended.'),
            'removed' => t('All face data of all channels were removed, and the app was taken away from them.'),
            'removing' => t('All face data are being removed. What is at work is stopped first; the hub\'s cron does the rest.'),
            'confirm' => t('The words were not typed. Nothing was removed.'),
            'none' => t('At least one detector and one model have to be allowed. Nothing was saved.'),
            'number' => t('Minutes go from 0 to 10080, percent from 0 to 100, photos in a row from 1 to 6. Nothing was saved.'),
            'python' => t('There is no Python of that path on this server (its file has to be named python, python3 and the like). Nothing was saved.'),
            'token' => t('The form was too old. Nothing was done; try again.'),
            'failed' => t('It could not be done. The reason is below, or in the hub\'s log.'),
            default => t('That made no sense. Nothing was done.'),
        };
    }

    /** In one sentence, whether it works. */
    public static function verdict(SelfCheck $check, string $obstacle): string
    {
        if ($obstacle !== '') {
            return $obstacle;
        }
        if ($check->isRunning) {
            return t('The self-check is at work.');
        }
        if (!$check->isThere()) {
            return t('Nobody knows yet what works on this server. Press "Check now".');
        }
        $works = static fn (string $kind): bool => array_filter(Setting::all()[$kind]->choices,
            static fn (string $name): bool => $check->of($kind, $name)['works'] ?? false) !== [];
        return match (true) {
            $works('detectors') && $works('models') => t('Faces can be found and recognized on this server.'),
            !$check->isWhole() => t('The self-check did not get to its end.'),
            default => t('Nothing can be recognized on this server: at least one detector and one model have to work. The table says what to do.'),
        };
    }

    public static function progress(SelfCheck $check): string
    {
        if ($check->isRunning) {
            return $check->text('checking') === '' ? t('The self-check is starting.')
                : sprintf(t('At work: %1$d of %2$d done, now %3$s.'), $check->number('done'), $check->number('total'), $check->text('checking'));
        }
        return match (true) {
            !$check->isThere() => '',
            $check->isWhole() => sprintf(t('Checked %1$s. The machine has %2$d cores and %3$d MB of memory.'), Template::time($check->text('updated')), $check->number('cores'), $check->number('memory')),
            default => sprintf(t('The last self-check ended before its end, at %1$d of %2$d.'), $check->number('done'), $check->number('total')),
        };
    }

    /** Detectors, models, attributes: whether they work, what they cost, what to do, whether channels may use them. @return array<string, list<array<string, mixed>>> */
    public static function engines(SelfCheck $check): array
    {
        $found = [];
        foreach (['detectors', 'models', 'demography'] as $kind) {
            $allowed = Settings::allowed($kind);
            foreach (Setting::all()[$kind]->choices as $name) {
                $one = $check->of($kind, $name);
                $found[$kind][] = [
                    'name' => $name,
                    'isAllowed' => in_array($name, $allowed, true),
                    'state' => $one === null ? 'untried' : ($one['works'] ? 'works' : 'broken'),
                    'works' => $one === null ? t('not checked') : ($one['works'] ? t('works') : t('does not work')),
                    'memory' => $one !== null && $one['works'] && $one['megabytes'] > 0 ? sprintf(t('%d MB'), (int) round($one['megabytes'])) : '',
                    'load' => $one !== null && $one['works'] ? sprintf(t('%.1f s'), $one['load']) : '',
                    'each' => $one !== null && $one['works'] ? self::each($kind, $one['each']) : '',
                    'reason' => $one['reason'] ?? '',
                ];
            }
        }
        return $found;
    }

    private static function each(string $kind, float $seconds): string
    {
        $thousand = Cost::duration(1000 * $seconds);
        return sprintf($kind === 'detectors' ? t('%1$.2f s a photo, a thousand: %2$s') : t('%1$.2f s a face, a thousand: %2$s'), $seconds, $thousand);
    }

    private static function state(string $state): string
    {
        return match ($state) {
            'planning' => t('looking what is to be done'),
            'waiting' => t('waiting'),
            'detecting' => t('finding faces'),
            'recognizing' => t('recognizing people'),
            'removing' => t('removing'),
            default => t('starting'),
        };
    }

    /** @param array<string, mixed> $status */
    public static function run(string $nick, array $status): string
    {
        $who = $nick === '' ? t('Search for photos') : sprintf(t('Channel %s'), $nick);
        $updated = strtotime((string) ($status['updated'] ?? '')) ?: 0;
        if ($updated === 0) {
            return sprintf(t('%1$s: started %2$s, no word from it yet.'), $who, Template::time((string) ($status['started'] ?? '')));
        }
        $text = sprintf(t('%1$s: %2$s, %3$d of %4$d photos, memory %5$d %%, last word %6$s.'), $who, self::state((string) ($status['state'] ?? '')),
            (int) ($status['done'] ?? 0), (int) ($status['total'] ?? 0), (int) ($status['ram'] ?? 0), Template::time((string) $status['updated']));
        $eta = (string) ($status['eta'] ?? '');
        return $text . ($eta === '' ? '' : ' ' . sprintf(t('It ends at about %s.'), Template::time($eta)));
    }

    /** @return array<string, string> */
    public static function all(): array
    {
        return ['selfcheck' => t('Self-check'), 'check' => t('Check now'), 'endCheck' => t('Stop the self-check'), 'versions' => t('Versions'),
            'detectors' => t('Detectors'), 'models' => t('Models'), 'demography' => t('Guesses about people'),
            'works' => t('Works?'), 'memory' => t('Memory'), 'load' => t('Loading time'), 'each' => t('Time'), 'todo' => t('What to do'),
            'allowed' => t('Channels may use it'), 'atWork' => t('At work'), 'nothing' => t('Nothing is at work.'), 'stop' => t('Stop'),
            'failure' => t('Last failures'), 'noFailure' => t('None.'), 'log' => t('Errors are written to'), 'settings' => t('Settings'), 'save' => t('Save'),
            'experimental' => t('Experiments: channels may use several detectors and models at once, and compare them'),
            'immediate' => t('People may be looked for as soon as somebody gives a name'), 'block' => t('Block Python on this server: what is at work is stopped and nothing is searched; naming goes on'),
            'interval' => t('Minutes between two searches for new photos by the hub\'s cron (0: none)'),
            'ram' => t('Percent of the machine\'s memory at which a search stops (0: the hub sets no limit)'), 'zoom' => t('Photos in a row, where a channel has not set it'),
            'python' => t('Path of Python (empty: the addon\'s own, else the system\'s)'), 'used' => t('In use:'), 'usage' => t('What is stored'),
            'channel' => t('Channel'), 'files' => t('Data files'), 'size' => t('Size'), 'cached' => t('On the server'), 'removeAll' => t('Remove all face data of all channels'),
            'aboutRemove' => t('Faces, names, settings of every channel, also of those that no longer have the app. The app is taken away from all of them. There is no way back.'),
            'type' => sprintf(t('Type the words "%s"'), t('remove everything')), 'remove' => t('Remove all'), 'failed' => t('It could not be run:')];
    }
}
