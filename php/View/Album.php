<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Decision;
use Faces\Model\Decisions;
use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Rights\Sight;
use Faces\Rights\Visitor;
use Faces\Store\Channel;
use Faces\Store\Clones;
use Faces\Store\Cloud;
use Faces\Store\DataFile;
use Faces\Store\FacesCsv;
use Faces\Store\Journal;
use Faces\Store\Quota;
use Faces\Store\UnreadableFile;

/** A channel's photos and faces as one visitor may have them: puts together what the others do. */
final class Album
{
    public readonly Cloud $cloud;
    public readonly Quota $quota;
    private readonly Journal $journal;

    public function __construct(public readonly Channel $channel, public readonly Visitor $visitor)
    {
        $this->cloud = new Cloud($channel);
        $this->quota = new Quota($channel);
        $this->journal = new Journal($this->cloud, $this->quota);
    }

    public function gallery(): Gallery
    {
        $problems = [];
        try {
            $decisions = $this->journal->rows();
        } catch (UnreadableFile $error) { // what the worker carried over into faces.csv is still there
            $decisions = [];
            $problems[] = $error->getMessage();
        }
        $sight = new Sight($this->cloud, $this->visitor);
        $visible = $this->visitor->isOwner($this->channel) ? null : $sight->photos();
        $gallery = new Gallery($this->cloud, $sight, new FacesCsv($this->channel), new Decisions($decisions, $visible));
        $gallery->problems = $problems;
        return $gallery;
    }

    /**
     * Decides about faces, all of them or none.
     *
     * @param callable(Gallery): list<array{Face, Photo}> $choose which ones; throws if it cannot be
     * @param bool $again whether that is asked once more when nobody else can decide any more
     * @return list<Decision> what was written
     */
    public function decide(callable $choose, string $kind, string $name, bool $again = false): array
    {
        $chosen = $choose($this->gallery());
        $names = $this->cloud->photoNames(array_map(static fn (array $one): string => $one[1]->hash, $chosen));
        $decisions = [];
        foreach ($chosen as [$face, $photo]) {
            $decisions[] = new Decision('', $face->id, $photo->hash,
                ltrim($this->cloud->folderPath($photo->folder) . '/' . ($names[$photo->hash] ?? ''), '/'), $face->box, $kind, $name,
                $this->visitor->address, $photo->content);
        }
        return $this->journal->append($decisions, $again ? fn () => $choose($this->gallery()) : null);
    }

    /** What changes whenever the photos and faces that are shown may have changed. No file is read for it. */
    public function version(): string
    {
        $files = [...array_values($this->cloud->facesFiles()), ...$this->cloud->journals()];
        return hash('xxh128', implode(' ', array_map(static fn (DataFile $file): string => "$file->id $file->folder {$file->stamp()}", $files)));
    }

    /** The channel's clones get the journal that `decide` wrote. */
    public function tellClones(): void
    {
        $file = $this->journal->own();
        Clones::send($this->channel, $file ? [$file->hash] : []);
    }
}
