using System.CommandLine;
using Broadcast.Control.Backup;
using Broadcast.Database;
using Broadcast.Host.Configuration;

namespace Broadcast.Host.Commands;

/// <summary><c>backup</c> and <c>restore</c>: the database as one file.</summary>
internal static class BackupCommand
{
    private const string StandardOutput = "-";

    public static Command CreateBackup()
    {
        var file = new Argument<string>("FILE") { Description = "File to create, readable only by you; '-' for standard output" };
        var command = new Command("backup",
            "Back up the database (channels, keys, tokens, sessions) to a file. The server may be running; media is not included") { file };
        command.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            await using var database = await CommandDatabase.OpenAsync(CommandOutput.DataFolderOf(parsed), cancellationToken);
            var progress = new Progress();
            if (path == StandardOutput)
            {
                if (!Console.IsOutputRedirected)
                {
                    throw new StartException("Backups cannot be written to a terminal. Name a file, or redirect standard output.");
                }

                await using var output = Console.OpenStandardOutput();
                await DatabaseBackup.WriteAsync(database, output, progress.Report, cancellationToken);
                return 0;
            }

            var contents = await WriteFileAsync(database, Path.GetFullPath(path), progress, cancellationToken);
            ChannelCommand.Report(
                parsed,
                new { file = Path.GetFullPath(path), bytes = progress.Bytes, schema = contents.Schema, channels = contents.Channels,
                    streamKeys = contents.StreamKeys, sessions = contents.Sessions },
                $"{Path.GetFullPath(path)}: {progress.Bytes:N0} bytes, {Summary(contents)}. The file contains secrets; store it safely.");
            return 0;
        }));
        return command;
    }

    public static Command CreateRestore()
    {
        var file = new Argument<string>("FILE") { Description = "Backup file, created by 'backup'" };
        var replace = new Option<bool>("--replace") { Description = "Overwrite a database that is not empty; its contents are lost" };
        var command = new Command("restore", "Restore the database from a backup; the server must be stopped") { file, replace };
        command.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetValue(file)!);
            if (!File.Exists(path))
            {
                throw new StartException($"File not found: {path}");
            }

            var folder = CommandOutput.DataFolderOf(parsed);
            if (DataFolderLock.Find(folder) is not null)
            {
                throw new StartException(
                    $"A server is running on {folder.Path}. Stop it (Ctrl+C, or systemctl stop), restore, and start it again. Nothing "
                    + "was changed.");
            }

            using var actorScope = CommandDatabase.ActAsCommand(parsed);

            // Prevents a server from starting during the restore.
            using var dataFolderLock = DataFolderLock.Acquire(folder);
            var options =
                CommandDatabase.Options(ServerConfiguration.ReadForCommand(folder));
            var contents = await DatabaseBackup.RestoreAsync(folder, options, path, parsed.GetValue(replace), TimeProvider.System,
                cancellationToken, CommandDatabase.WarnNotAudited);
            ChannelCommand.Report(
                parsed,
                new { restored = path, schema = contents.Schema, channels = contents.Channels, streamKeys = contents.StreamKeys,
                    sessions = contents.Sessions },
                $"Restored {Summary(contents)}. Start the server; keys and tokens are now those of the backup. Run './broadcast fsck' to "
                + "check the media.");
            return 0;
        }));
        return command;
    }

    private static string Summary(BackupContents contents) =>
        $"{contents.Channels} channels, {contents.StreamKeys} stream keys, {contents.Sessions} sessions, schema version {contents.Schema}";

    /// <summary>Writes the whole file or nothing, and never overwrites a file.</summary>
    private static async Task<BackupContents> WriteFileAsync(ServerDatabase database, string path, Progress progress,
        CancellationToken cancellationToken)
    {
        if (Path.Exists(path))
        {
            throw new StartException($"{path} already exists. Choose another name, for example with the date, or remove that file.");
        }

        var partialPath = path + ".part";
        try
        {
            // The mode applies only to a new file, so a partial file of a killed backup is deleted first.
            File.Delete(partialPath);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None,
                BufferSize = 0, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            BackupContents contents;
            await using (var output = new FileStream(partialPath, options))
            {
                contents = await DatabaseBackup.WriteAsync(database, output, progress.Report, cancellationToken);
                output.Flush(flushToDisk: true);
            }

            File.Move(partialPath, path, overwrite: false);
            return contents;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The backup could not be written to {path}: {e.Message}", e);
        }
        finally
        {
            TryDelete(partialPath);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder does not exist or is not writable, which was reported already.
        }
    }

    /// <summary>Counts bytes and shows progress on a terminal.</summary>
    private sealed class Progress
    {
        private long _lastShown = TimeProvider.System.GetTimestamp();

        public long Bytes { get; private set; }

        public void Report(long bytes)
        {
            Bytes = bytes;
            if (!Console.IsErrorRedirected && TimeProvider.System.GetElapsedTime(_lastShown) > TimeSpan.FromSeconds(1))
            {
                _lastShown = TimeProvider.System.GetTimestamp();
                Console.Error.WriteLine($"{bytes:N0} bytes …");
            }
        }
    }
}
