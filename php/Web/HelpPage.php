<?php

declare(strict_types=1);

namespace Faces\Web;

use Faces\View\Album;

/** What happens, in what order, how long it takes, what is stored where, and what the law says, in plain words. */
final class HelpPage
{
    public static function show(Album $album, Request $request): Answer
    {
        return Template::page($album, 'help', t('Help'), [
            'template' => 'help',
            'sections' => [
                ['title' => t('What happens, in what order'), 'steps' => self::order(), 'texts' => []],
                ['title' => t('How long it takes'), 'steps' => [], 'texts' => self::times()],
                ['title' => t('What is stored, and where'), 'steps' => [], 'texts' => self::places()],
                ...($album->visitor->isOwner($album->channel) ? [['title' => t('Let another computer do the work (WebDAV)'), 'steps' => self::webdav($album->channel->nick), 'texts' => self::aboutWebdav()]] : []),
                ['title' => t('Your rights, and those of the people on your photos'), 'steps' => [], 'texts' => self::privacy()],
            ],
        ]);
    }

    /** @return list<string> */
    private static function order(): array
    {
        return [
            t('You install the app "Faces" and open it. That is your consent; without the app nothing of yours is looked at.'),
            t('The server goes through the photos in your cloud, folder by folder, and finds where faces are. Each photo is looked at once.'),
            t('For each face it computes a row of numbers by which it can be told from others.'),
            t('You give a name to a face. The other faces of that person get a guess, shown with a question mark.'),
            t('You confirm a guess, or say that it is somebody else: then that name is not offered for this face again. The more faces have names, the better the guesses.'),
            t('New photos are found by themselves: when you open the page, and when the server\'s clock says so.'),
            t('You search for people, correct what is wrong, and take names back at any time.'),
            t('If you want it, names are also written into the photos themselves, or into files beside them, for other programs: "Names in photos". They can be taken out again.'),
        ];
    }

    /** @return list<string> */
    private static function times(): array
    {
        return [
            t('The first search takes longest: from a tenth of a second to some seconds for each photo, depending on the server, the size of the photos and the detector. A thousand photos may take from minutes to an hour. The page says how far it is and when it will end; you may close it.'),
            t('After that only new photos are searched. To look for people after you gave a name takes seconds: no photo is opened for it.'),
            t('What each detector and model would cost for your photos is said in the settings.'),
        ];
    }

    /** @return list<string> */
    private static function places(): array
    {
        return [
            t('In each folder of your cloud with photos: faces.csv (where faces are, and who they are; you may open it in a spreadsheet) and faces.pkl (the numbers that tell faces apart: biometric data).'),
            t('In the folder "faces" of your cloud: names.csv (what you and others decided, and when), your settings, statistics if you want them, and written.jsonl (what was written into photos).'),
            t('Only you may read these files, whatever rights your photos have. They count as your storage, and go with your channel to its clones.'),
            t('On the server, where no visitor gets at it: copies that make the page fast, and notes on how the last search went.'),
            t('Nothing of your photos, faces or names is sent anywhere else. Your photos are only read, unless you want names written into them.'),
        ];
    }

    /** @return list<string> */
    private static function aboutWebdav(): array
    {
        return [t('For a hub that may not run Python, or is too slow: any computer with Linux can search your cloud over WebDAV. Only one computer at a time; let the hub\'s admin block Python, or do not let both work at once.')];
    }

    /** @return list<string> */
    private static function webdav(string $nick): array
    {
        $place = z_root() . '/dav/' . rawurlencode($nick);
        return [
            t('Open the page of faces once, and again after you made new folders: it makes the data files, with rights for you alone.'),
            t('On the computer, install Python 3.11 or later, git, make and davfs2 (sudo apt install python3-venv git make davfs2), get this addon\'s repository with git (the admin of this hub knows its address), and in it run: make setup'),
            sprintf(t('Mount your cloud, with your channel\'s name and your password on this hub: sudo mkdir -p /mnt/cloud; sudo mount -t davfs -o uid=$(id -u),gid=$(id -g) %s /mnt/cloud'), $place),
            t('Search it: .venv/bin/faces detect --directory /mnt/cloud'),
            t('Wait until everything is sent: sudo umount /mnt/cloud'),
            t('Load the page of faces: frames and guesses are there. Give names on the page; the next search uses them.'),
        ];
    }

    /** @return list<string> */
    private static function privacy(): array
    {
        return [
            t('Numbers that tell faces apart are biometric data. The European data protection law (GDPR) lets you use them for yourself and your family; beyond that you need the consent of the people on your photos.'),
            t('Consent, and taking it back (article 7): installing the app is your consent. Take the app away, and nothing more is searched; "Remove" deletes what there is. It is as easy as giving it.'),
            t('Being corrected (article 16): a wrong name can be changed or taken back by you, and by those whom you let write to your files. Somebody whose name is wrong on your photos may ask you for that.'),
            t('Being forgotten (article 17): "Remove" deletes names, what a detector or model found, or everything, and shows by a count that nothing is left. Somebody who does not want to be recognized may ask you for it: mark the faces as "not a face", then they are compared with nobody; their numbers go with the photo, or with everything.'),
            t('Taking data along (article 20): "Export" gives you everything in one file, in formats that other programs read; another hub takes it back.'),
            t('Objecting (article 21): somebody may object to being recognized on your photos. Mark those faces as "not a face": they are not compared any more.'),
            t('Privacy from the start (article 25): nothing is done before you ask for it; guesses about age, gender and the like are off; data files are readable by you alone. Who may see a photo also sees the names on it: with this server\'s usual settings that is everybody, for a photo that is public. In the settings you can keep visitors off the page.'),
        ];
    }
}
