<?php

declare(strict_types=1);

namespace Faces\View;

use Faces\Model\Decisions;
use Faces\Model\Face;
use Faces\Model\Photo;
use Faces\Rights\Sight;
use Faces\Store\Cloud;
use Faces\Store\DataFile;
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
    /** Photos on which there is a face, once that was looked at. @var array<string, true>|null */
    private ?array $withFaces = null;

    public function __construct(
        private readonly Cloud $cloud,
        private readonly Sight $sight,
        private readonly FacesCsv $reader,
        private readonly Decisions $decisions,
    ) {
    }

    /**
     * @param list<string>|null $folders only these, by hash
     * @return \Generator<string, Photo> by the hash of the folder whose faces.csv has it (if none has: in which it lies)
     */
    public function photos(?array $folders = null): \Generator
    {
        $shown = [];
        foreach ($this->found($folders) as $folder => $photo) {
            $shown[$photo->hash] = true;
            $this->decisions->apply($photo);
            yield $folder => $photo;
        }
        foreach ($this->decisions->photos() as $hash) { // a face may be drawn where none was found
            $photo = isset($shown[$hash]) ? null : $this->bare($hash);
            if ($photo !== null && ($folders === null || in_array($photo->folder, $folders, true))) {
                $this->decisions->apply($photo);
                if ($photo->faces !== []) {
                    yield $photo->folder => $photo;
                }
            }
        }
    }

    /**
     * The photos on which there is no face, found or drawn; those below the channel's folder `faces` are not looked at.
     *
     * @param list<string>|null $folders only those in these, by hash
     * @return \Generator<string, Photo> by the hash of their folder
     */
    public function faceless(?array $folders = null): \Generator
    {
        if ($this->withFaces === null) {
            $this->withFaces = [];
            foreach ($this->photos() as $photo) {
                $this->withFaces[$photo->hash] = true;
            }
        }
        $wanted = array_flip($folders ?? $this->cloud->foldersWithPhotos());
        foreach ($this->sight->photos() as $hash => $row) {
            if (isset($wanted[$row['folder']]) && !isset($this->withFaces[$hash])) {
                yield $row['folder'] => $this->bare((string) $hash);
            }
        }
    }

    /**
     * The photos in the faces.csv files that the visitor may see, each once.
     *
     * @param list<string>|null $folders
     * @return \Generator<string, Photo>
     */
    private function found(?array $folders): \Generator
    {
        $visible = $this->sight->photos();
        $shown = [];
        $strays = [];
        foreach ($this->cloud->facesFiles() as $folder => $file) {
            $folder = (string) $folder;
            if ($visible === [] || ($folders !== null && !in_array($folder, $folders, true))) {
                continue;
            }
            foreach ($this->read($folder, $file) as $photo) {
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
                    yield $folder => $photo;
                }
            }
        }
        foreach ($strays as [$folder, $photo]) {
            if (!isset($shown[$photo->hash])) {
                $shown[$photo->hash] = true;
                yield $folder => $photo;
            }
        }
    }

    /** @return \Generator<Photo> */
    private function read(string $folder, DataFile $file): \Generator
    {
        try {
            yield from $this->reader->photos($file);
        } catch (UnreadableFile $error) {
            $this->problems[] = sprintf(t('%s. It was left alone. Mend it; or delete it in the cloud, and it is made anew with the next search'),
                ltrim($this->cloud->folderPath($folder) . '/', '/') . $error->getMessage());
        }
    }

    /** A photo that the visitor may see, without faces. */
    private function bare(string $hash): ?Photo
    {
        $row = $this->sight->photos()[$hash] ?? null;
        return $row === null ? null : new Photo($hash, '', '', [], $row['folder'], $row['uploaded']);
    }

    /**
     * The faces with these ids that the visitor may see, each with its photo.
     *
     * @param list<string> $ids
     * @return array<string, array{Face, Photo}> by id
     */
    public function find(array $ids): array
    {
        $found = $this->among($ids, $this->foldersWith($ids));
        // a face that somebody drew stands in no file yet
        $drawn = array_filter(array_diff($ids, array_map('strval', array_keys($found))), $this->decisions->knows(...));
        return $drawn === [] ? $found : $found + $this->among($drawn, null);
    }

    /**
     * @param array<string> $ids
     * @param list<string>|null $folders
     * @return array<string, array{Face, Photo}>
     */
    private function among(array $ids, ?array $folders): array
    {
        $wanted = array_fill_keys($ids, true);
        $found = [];
        foreach ($this->photos($folders) as $photo) {
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
        $bare = $this->bare($hash);
        foreach ($bare === null ? [] : $this->photos() as $photo) {
            if ($photo->hash === $hash) {
                return $photo;
            }
        }
        return $bare;
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
