<?php

declare(strict_types=1);

namespace Faces\View;

/** What the page of settings says of each of them. */
final class SettingsTexts
{
    /** Those of the page "Names in photos". */
    public const METADATA = ['region_names', 'write_to', 'write_names'];

    /** Those of the page of settings, by the heading they stand under. @return array<string, list<string>> */
    public static function groups(): array
    {
        return [
            t('Finding faces') => ['detectors', 'models', 'demography', 'min_face_percent', 'min_face_pixels'],
            t('Recognizing people') => ['metric', 'training_min_pixels', 'result_min_pixels', 'most_similar_percent', 'most_similar_number',
                'enforce', 'history', 'statistics'],
            t('The page') => ['immediate_search', 'visitors', 'sort', 'order', 'zoom'],
        ];
    }

    /** @return array{string, string} label and help */
    public static function field(string $name): array
    {
        return match ($name) {
            'detectors' => [t('Detector'), t('Finds where faces are. Another one searches all photos again; faces that have a name keep it.')],
            'models' => [t('Model'), t('Tells people apart. Another one computes all faces again; until then it knows nobody.')],
            'demography' => [t('Guesses about people'), t('Stored beside each face, and often wrong. Leave it off unless you need it: it says something about people who were not asked.')],
            'min_face_percent' => [t('Smallest face, percent of the photo\'s width'), t('Narrower faces are left out, for example those in the background.')],
            'min_face_pixels' => [t('Smallest face, pixels'), t('The same, in pixels of the photo as it was taken.')],
            'metric' => [t('How distances are measured'), t('Each has thresholds of its own.')],
            'training_min_pixels' => [t('Smallest face to learn from, pixels'), t('Narrower faces can have names, but others are not compared with them.')],
            'result_min_pixels' => [t('Smallest face to guess a name for, pixels'), ''],
            'most_similar_percent' => [t('Faces to learn from, percent'), t('Of each person so many of the named faces are learnt from, those that are most alike.')],
            'most_similar_number' => [t('Faces to learn from, number'), t('And at most this many.')],
            'enforce' => [t('Ask every model'), t('Write down what each model says, to compare them. Else the first that knows somebody gives the name.')],
            'history' => [t('Keep what was guessed'), t('The guess stays in the data beside the name that you gave. The statistics need it.')],
            'statistics' => [t('Statistics'), t('Two tables in the folder "faces" of your cloud say how good the guesses are, and what they cost.')],
            'region_names' => [t('Names that other programs wrote into photos'), t('What you say here holds in any case, until the name in the photo is changed.')],
            'write_to' => [t('Write names'), t('After each search, by itself. A file beside the photo is called like it, with .xmp at its end, and can be read by you only.')],
            'write_names' => [t('Which names'), t('Of earlier names nothing is written until you choose all of them.')],
            'immediate_search' => [t('Look for people at once'), t('As soon as you give a name; else with the next search.')],
            'visitors' => [t('Visitors see the page of photos'), t('Whoever may see a photo also sees the names on it. Switched off, only you see it, and those who may write to your files.')],
            'sort' => [t('Sort photos by'), ''],
            'order' => [t('Order'), ''],
            default => [t('Photos in a row'), ''],
        };
    }

    public static function choice(string $value): string
    {
        return match ($value) {
            'taken' => t('when they were taken'),
            'uploaded' => t('when they were uploaded'),
            'desc' => t('newest first'),
            'asc' => t('oldest first'),
            'suggest' => t('are offered, with a question mark'),
            'confirm' => t('count as if you had given them'),
            'nowhere' => t('nowhere'),
            'sidecar' => t('into a file beside each photo'),
            'photo' => t('into the photo itself'),
            'new' => t('names given from now on'),
            'all' => t('all names'),
            default => $value,
        };
    }
}
