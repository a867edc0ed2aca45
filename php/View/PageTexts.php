<?php

declare(strict_types=1);

namespace Faces\View;

/** What the page's scripts (view/js) say, translated here: by key, with places as in printf, which the scripts fill in. */
final class PageTexts
{
    /** Of the page of photos, or of those that are forms (settings and the like). */
    public static function json(bool $isPhotos): string
    {
        $texts = $isPhotos ? self::page() + self::faces() + self::done() + self::groups() + self::search() + self::watch() : self::forms();
        return json_encode($texts, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
    }

    /** @return array<string, string> */
    private static function forms(): array
    {
        return [
            'changed' => t('Changed, not saved yet.'), 'sending' => t('One moment ...'),
            'notSent' => t('The hub does not answer. Nothing was changed: try again.'),
        ];
    }

    /** @return array<string, string> */
    private static function page(): array
    {
        return [
            'tab-photos' => t('Photos'), 'tab-people' => t('People'), 'tab-groups' => t('Who is this?'),
            'views' => t('Views'), 'close' => t('Close'), 'save' => t('Save'), 'undo' => t('Undo'), 'again' => t('Try again'),
            'more' => t('Show more'), 'frames' => t('Frames'), 'inARow' => t('In a row'),
            'total' => t('Photos: %1$d, faces: %2$d'), 'none' => t('No photos with faces here yet.'),
            'nothingFound' => t('Nothing was found. Search for less.'),
            'notLoaded' => t('This could not be loaded: %s'), 'noAnswer' => t('The hub does not answer. It is asked again in a moment.'),
            'large' => t('Photo in large'), 'previous' => t('Previous photo'), 'next' => t('Next photo'), 'original' => t('Original'),
            'of' => t('%1$s (%2$d of %3$d)'), 'photoOf' => t('%1$s, faces: %2$d'), 'enlarge' => t('Enlarge %1$s, faces: %2$d'),
            'enlargeFace' => t('Enlarge the photo %s'), 'noPicture' => t('%s cannot be shown'),
            'seconds' => t('%d s'), 'minutes' => t('%d min'), 'hours' => t('%s h'),
        ];
    }

    /** @return array<string, string> */
    private static function faces(): array
    {
        return [
            'guess' => t('%s?'), 'guessOfPhoto' => t('%s? (from the photo)'), 'who' => t('who?'), 'somebody' => t('somebody unknown'), 'notFace' => t('not a face'),
            'yes' => t('Yes, %s'), 'no' => t('Not %s'), 'unknown' => t('Unknown person'), 'ignore' => t('Not a face'), 'clear' => t('Take back'),
            'name' => t('Name'), 'suggestions' => t('Suggestions'), 'draw' => t('Draw a face'), 'drawn' => t('Who is this?'),
            'drawHelp' => t('Draw a box round the face. By keyboard: arrows move it, with Shift they change its size, Enter takes it.'),
            'faceOn' => t('%1$s, on %2$s'), 'belongs' => t('%1$s, on %2$s: belongs to these'), 'dropped' => t('left out'),
        ];
    }

    /** @return array<string, string> */
    private static function done(): array
    {
        return [
            'didName' => t('Named: %s'), 'didNameMany' => t('Named %2$s: %1$d faces'), 'didReject' => t('Not %s: it will not be guessed again'),
            'didUnknown' => t('Unknown person'), 'didIgnore' => t('Not a face'), 'didClear' => t('Taken back'),
            'didRename' => t('%1$s is now %2$s'), 'undone' => t('Undone: %s'), 'refused' => t('Not saved: %s'),
            'newer' => t('Somebody else decided about it meanwhile. Look at it, and decide again.'),
            'notSaved' => t('Not saved yet: %d'), 'notSavedBecause' => t('Not saved yet: %1$d. The hub says: %2$s'),
            'offline' => t('No connection. Not saved yet: %d. It is kept, and sent when there is one.'), 'sendNow' => t('Try now'),
        ];
    }

    /** @return array<string, string> */
    private static function groups(): array
    {
        return [
            'group' => t('Are these one person? Faces: %d'), 'whoIsThis' => t('Who is this?'), 'nameAll' => t('Name all %d'),
            'showAll' => t('Show all %d'), 'ignoreAll' => t('Not faces'), 'singles' => t('Faces that are like no other: %d'),
            'singlesTitle' => t('Faces that are like no other'), 'noGroups' => t('No faces that are alike wait for a name.'),
            'groupHelp' => t('Each box has faces that are alike. Click on a face that does not belong, then give the others a name.'),
            'dropHelp' => t('Click on a face that is somebody else.'),
            'nobody' => t('Nobody has a name yet. Name a face on a photo, or see "Who is this?".'),
            'facesOf' => t('Faces: %d'), 'facesAndGuesses' => t('Faces: %1$d, guesses: %2$d'), 'isThis' => t('Is this %s?'),
            'guessesOf' => t('Guesses for %s'), 'namedOf' => t('Faces of %s'), 'photosOf' => t('Photos of %s'),
            'allAre' => t('Yes, all %1$d are %2$s'), 'droppedAreNot' => t('%1$d left out are not %2$s'),
            'rename' => t('New name'), 'renameOrMerge' => t('Rename or merge'),
            'mergeSure' => t('%2$s is there already (faces: %3$d). Shall all faces of %1$s be %2$s, too?'),
        ];
    }

    /** @return array<string, string> */
    private static function search(): array
    {
        return [
            'person' => t('Person'), 'how' => t('Photos'), 'all' => t('with'), 'any' => t('with one of'), 'not' => t('without'),
            'token-all' => t('with'), 'token-any' => t('or'), 'token-not' => t('without'), 'without' => t('Do not search for %s'),
            'searched' => t('Searched for'), 'only' => t('only these people'), 'withGuesses' => t('guesses count'), 'faces' => t('Faces'),
            'state-all' => t('all'), 'state-unnamed' => t('without a name'), 'state-guessed' => t('with a guess'), 'state-named' => t('with a name'),
            'state-unknown' => t('unknown'), 'state-ignored' => t('not a face'), 'state-none' => t('no face found'),
            'folder' => t('Folder'), 'allFolders' => t('all folders'), 'folderOf' => t('%1$s (%2$d)'), 'from' => t('From'), 'to' => t('To'),
            'peopleMin' => t('People, at least'), 'peopleMax' => t('People, at most'), 'sort' => t('Sort by'), 'taken' => t('when taken'),
            'uploaded' => t('when uploaded'), 'order' => t('Order'), 'newest' => t('newest first'), 'oldest' => t('oldest first'),
            'moreSearch' => t('More to search by'), 'reset' => t('All photos'),
        ];
    }

    /** @return array<string, string> */
    private static function watch(): array
    {
        return [
            'progress' => t('Search for faces'), 'start' => t('Look for new photos now'), 'stop' => t('Stop'), 'stopping' => t('The search was asked to stop.'),
            'atWork' => t('The search is at work.'), 'doing-starting' => t('The search starts.'), 'doing-planning' => t('Looks what is new.'),
            'doing-waiting' => t('Waits for its turn.'), 'doing-detecting' => t('Looks for faces.'), 'doing-recognizing' => t('Looks for people.'),
            'doing-removing' => t('Removes what was asked for.'), 'doing-' => t('The search is at work.'),
            'doneOf' => t('%1$d of %2$d photos'), 'inFolder' => t('in %s'), 'endsAt' => t('ends at about %1$s (in %2$s)'), 'ram' => t('memory used: %d %%'),
            'searchedLast' => t('Searched last: %s.'), 'lastFailed' => t('The last run failed: %s'),
            'failed' => t('Photos that could not be searched: %d'), 'givenUp' => t('given up'), 'tryAgain' => t('Try them again'),
            'welcome' => t('This is what happens now'),
            'firstVisit' => t('The hub looks at your photos (%d), one after the other, and finds the faces on them. You give a face a name once; then it looks for that person on all others. You need not wait: close the page if you like.'),
            'noPhotos' => t('There are no photos in your cloud yet. Upload some under "Files"; then come back.'),
            'takes' => t('This will take about %s.'),
            'private' => t('All of it stays on this hub. Who may see a photo may see the names on it.'),
        ];
    }
}
