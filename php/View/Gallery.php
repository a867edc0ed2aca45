<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Decisions;
use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Rights\Sight;
use Faces\Store\Cloud;
use Faces\Store\FacesCsv;
use Faces\Store\UnreadableFile;

/**
 * The photos with faces that a visitor may see, with all decisions in them. Folder by folder: memory is bounded by the
 * largest of them, not by the channel.
 */
final class Gallery
{
    /** Why something is missing, for the owner. @var list<string> */
    public array $problems = [];

    public function __construct(
        private readonly Cloud $cloud,
        private readonly Sight $sight,
        private readonly FacesCsv $reader,
        private readonly Decisions $decisions,
    ) {
    }

    /**
     * @param list<string>|null $folders only these, by hash
     * @return \Generator<string, Photo> by the hash of the folder whose faces.csv has it
     */
    public function photos(?array $folders = null): \Generator
    {
        $visible = $this->sight->photos();
        $shown = [];
        $strays = [];
        foreach ($this->cloud->facesFiles() as $folder => $file) {
            $folder = (string) $folder;
            if ($folders !== null && !in_array($folder, $folders, true)) {
                continue;
            }
            try {
                $photos = $visible === [] ? [] : $this->reader->photos($file);
            } catch (UnreadableFile $error) {
                $this->problems[] = sprintf(t('%s. It was left alone. Mend it; or delete it in the cloud, and it is made anew with the next search'),
                    ltrim($this->cloud->folderPath($folder) . '/', '/') . $error->getMessage());
                continue;
            }
            foreach ($photos as $photo) {
                if ($photo->hash === '') {
                    $photo->hash = $this->cloud->photoNamed($photo->file, $folder);
                }
                $row = $visible[$photo->hash] ?? null; // whatever file it is in: the photo itself has to be visible
                if ($row === null) {
                    continue;
                }
                [$photo->folder, $photo->uploaded] = [$row['folder'], $row['uploaded']];
                if ($row['folder'] !== $folder) {
                    $strays[] = [$folder, $photo]; // moved since the last run; perhaps its new folder has it already
                } elseif (!isset($shown[$photo->hash])) {
                    $shown[$photo->hash] = true;
                    $this->decisions->apply($photo);
                    yield $folder => $photo;
                }
            }
        }
        foreach ($strays as [$folder, $photo]) {
            if (!isset($shown[$photo->hash])) {
                $shown[$photo->hash] = true;
                $this->decisions->apply($photo);
                yield $folder => $photo;
            }
        }
    }

    /**
     * The faces with these ids that the visitor may see, each with its photo.
     *
     * @param list<string> $ids
     * @return array<string, array{Face, Photo}> by id
     */
    public function find(array $ids): array
    {
        $wanted = array_fill_keys($ids, true);
        $found = [];
        foreach ($this->photos($this->foldersWith($ids)) as $photo) {
            foreach ($photo->faces as $face) {
                if (isset($wanted[$face->id])) {
                    $found[$face->id] ??= [$face, $photo];
                }
            }
        }
        return $found;
    }

    /** A photo with its faces, if there are any; null if it is none that the visitor may see. */
    public function photo(string $hash): ?Photo
    {
        $row = $this->sight->photos()[$hash] ?? null;
        if ($row === null) {
            return null;
        }
        foreach ($this->photos() as $photo) {
            if ($photo->hash === $hash) {
                return $photo;
            }
        }
        return new Photo($hash, '', '', [], $row['folder'], $row['uploaded']);
    }

    /** @param list<string> $ids @return list<string> */
    private function foldersWith(array $ids): array
    {
        $folders = [];
        foreach ($this->cloud->facesFiles() as $folder => $file) {
            try {
                if ($this->reader->mayHave($file, $ids)) {
                    $folders[] = (string) $folder;
                }
            } catch (UnreadableFile) {
                // said by `photos`, where somebody asks for problems
            }
        }
        return $folders;
    }
}
