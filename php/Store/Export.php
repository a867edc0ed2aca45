<?php

declare(strict_types=1);

namespace Faces\Store;

use Faces\Refusal;

/** Everything that is stored of a channel's faces in one zip file, to be kept or taken to another hub. Import reads it. */
final class Export
{
    public const VERSION = 1;
    public const README = 'README.txt';
    public const INFO = 'export.json';
    public const FOLDERS = 'folders.csv';

    public function __construct(private readonly Cloud $cloud)
    {
    }

    /**
     * Makes it in our own folder. The caller deletes it.
     *
     * @return string its path
     * @throws Refusal if there is no room, or PHP lacks zip
     */
    public function make(string $readme): string
    {
        if (!class_exists(\ZipArchive::class)) {
            throw new Refusal(t('PHP lacks its extension zip here. The admin can install it (Debian: php-zip).'), Refusal::BLOCKED);
        }
        $path = State::path('export.' . bin2hex(random_bytes(6)) . '.zip', $this->cloud->channel);
        fclose(State::open($path)); // ours alone, before anything is in it
        $zip = new \ZipArchive();
        $isDone = false;
        try {
            $isDone = $zip->open($path, \ZipArchive::OVERWRITE) === true && $this->fill($zip, $readme) && @$zip->close();
        } finally {
            if (!$isDone) {
                @unlink($path);
            }
        }
        if (!$isDone) {
            throw new Refusal(t('The export could not be written: is the disk full?'), Refusal::FULL);
        }
        return $path;
    }

    private function fill(\ZipArchive $zip, string $readme): bool
    {
        $leftOut = [];
        $isDone = $zip->addFromString(self::INFO, json_encode([
            'format' => 'faces', 'version' => self::VERSION, 'time' => gmdate('Y-m-d\TH:i:s\Z'),
            'channel' => (string) ($this->cloud->channel->row['xchan_addr'] ?? $this->cloud->channel->nick),
        ], JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
        $numbers = $there = [];
        foreach ($this->cloud->files() as $file) {
            if ($file->size === 0 || $file->stamp() === '') {
                continue;
            }
            $name = $this->nameOf($file, $numbers);
            if (isset($there[$name])) {
                continue; // of two rows of one name the older counts
            }
            $there[$name] = true;
            if (!Import::takes($name, $file->path)) {
                $leftOut[] = ltrim($this->cloud->folderPath($file->folder) . "/$file->name", '/');
                continue;
            }
            // Parquet is compressed already; to do it again costs time and saves nothing.
            $isDone = $isDone && $zip->addFile($file->path, $name)
                && ($file->name !== Cloud::FACES_PKL || $zip->setCompressionName($name, \ZipArchive::CM_STORE));
        }
        $lines = Csv::line(['number', 'folder']);
        foreach ($numbers as $hash => $number) {
            $lines .= Csv::line([$number, Csv::guard($this->cloud->folderPath((string) $hash))]);
        }
        return $isDone && $zip->addFromString(self::FOLDERS, $lines) && $zip->addFromString(self::README, $readme
            . ($leftOut === [] ? '' : "\n" . t('Left out, because they are damaged or not ours:') . "\n" . implode("\n", $leftOut) . "\n"));
    }

    /** Folders by number: their names may have anything in them. @param array<string, string> $numbers by the folder's hash */
    private function nameOf(DataFile $file, array &$numbers): string
    {
        if (in_array($file->name, Cloud::FOLDER_FILES, true)) {
            $numbers[$file->folder] ??= sprintf('%05d', count($numbers) + 1);
            return "folders/{$numbers[$file->folder]}/" . ($file->name === Cloud::FACES_PKL ? 'faces.parquet' : $file->name);
        }
        return match (true) {
            $file->name === Cloud::WRITTEN => "photos/$file->name",
            str_ends_with($file->name, '.json') => "settings/$file->name",
            str_ends_with($file->name, '_statistics.csv') => "statistics/$file->name",
            default => "names/$file->name",
        };
    }
}
