using System.CommandLine;
using Broadcast.Control;
using Broadcast.Host.Configuration;
using Broadcast.Media;

namespace Broadcast.Host.Commands;

/// <summary><c>backup</c> and <c>restore</c>: the database as one file.</summary>
internal static class BackupCommand
{
    private const string StandardOutput = "-";

    public static Command CreateBackup()
    {
        var file = new Argument<string>("FILE") { Description = "Where to write it, open to nobody else; '-' for standard output" };
        var command = new Command("backup", "Write the database (channels, keys, tokens, sessions) to a file, while the server goes on; media are not in it") { file };
        command.SetAction(Output.Guarded(async (parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(file)!;
            await using var database = await Store.OpenAsync(Output.Folder(parsed), cancellationToken);
            var progress = new Progress();
            if (path == StandardOutput)
            {
                if (!Console.IsOutputRedirected)
                {
                    throw new StartException("A backup is no text for a terminal: name a file, or lead standard output somewhere.");
                }

                await using var output = Console.OpenStandardOutput();
                await DatabaseBackup.WriteAsync(database, output, progress.Report, cancellationToken);
                return 0;
            }

            var contents = await WriteFileAsync(database, Path.GetFullPath(path), progress, cancellationToken);
            ChannelCommand.Done(
                parsed,
                new { file = Path.GetFullPath(path), bytes = progress.Bytes, schema = contents.Schema, channels = contents.Channels, streamKeys = contents.StreamKeys, sessions = contents.Sessions },
                $"{Path.GetFullPath(path)}: {progress.Bytes:N0} bytes, {Words(contents)}. It holds secrets: keep it like a key.");
            return 0;
        }));
        return command;
    }

    public static Command CreateRestore()
    {
        var file = new Argument<string>("FILE") { Description = "A file that 'backup' wrote" };
        var replace = new Option<bool>("--replace") { Description = "Even if the database has something in it, which is lost then" };
        var command = new Command("restore", "Put what a backup holds into the database; the server must not run") { file, replace };
        command.SetAction(Output.Guarded(async (parsed, cancellationToken) =>
        {
            var path = Path.GetFullPath(parsed.GetValue(file)!);
            if (!File.Exists(path))
            {
                throw new StartException($"There is no file {path}.");
            }

            var folder = Output.Folder(parsed);
            if (RunningServer.Find(folder) is not null)
            {
                throw new StartException($"The server runs on {folder.Path}. Stop it (Ctrl+C, or systemctl stop), restore, and start it again. Nothing was changed.");
            }

            using var acting = Store.Act(parsed);

            // No server starts meanwhile.
            using var claim = RunningServer.Claim(folder);
            var options = Store.Options(ServerConfiguration.Read(folder, new Dictionary<string, string?>(StringComparer.Ordinal)));
            var contents = await DatabaseBackup.RestoreAsync(folder, options, path, parsed.GetValue(replace), TimeProvider.System, cancellationToken, Store.Unnoted);
            ChannelCommand.Done(
                parsed,
                new { restored = path, schema = contents.Schema, channels = contents.Channels, streamKeys = contents.StreamKeys, sessions = contents.Sessions },
                $"Restored {Words(contents)}. Start the server; its keys and tokens are those of the backup. './broadcast fsck' tells what media there are and are not.");
            return 0;
        }));
        return command;
    }

    private static string Words(BackupContents contents) => $"{contents.Channels} channels, {contents.StreamKeys} stream keys, {contents.Sessions} sessions, schema version {contents.Schema}";

    /// <summary>Whole or not at all, and never over something else.</summary>
    private static async Task<BackupContents> WriteFileAsync(Database database, string path, Progress progress, CancellationToken cancellationToken)
    {
        if (Path.Exists(path))
        {
            throw new StartException($"{path} is there already. Name another file, with the date in it say, or remove that one.");
        }

        var part = path + ".part";
        try
        {
            // The mode counts only where the file is made, so one that a killed backup left goes first.
            File.Delete(part);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0, Options = FileOptions.Asynchronous };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            BackupContents contents;
            await using (var output = new FileStream(part, options))
            {
                contents = await DatabaseBackup.WriteAsync(database, output, progress.Report, cancellationToken);
                output.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: false);
            return contents;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The backup could not be written to {path}: {e.Message}", e);
        }
        finally
        {
            TryDelete(part);
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
            // Its folder is not there, or not ours: that has been said.
        }
    }

    /// <summary>Counts bytes and, on a terminal, shows them now and then.</summary>
    private sealed class Progress
    {
        private long _shown = TimeProvider.System.GetTimestamp();

        public long Bytes { get; private set; }

        public void Report(long bytes)
        {
            Bytes = bytes;
            if (!Console.IsErrorRedirected && TimeProvider.System.GetElapsedTime(_shown) > TimeSpan.FromSeconds(1))
            {
                _shown = TimeProvider.System.GetTimestamp();
                Console.Error.WriteLine($"{bytes:N0} bytes …");
            }
        }
    }
}
