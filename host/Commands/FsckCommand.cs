using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Host.Configuration;
using Broadcast.Host.Diagnosis;
using Broadcast.Media;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;

namespace Broadcast.Host.Commands;

/// <summary><c>fsck</c>: whether all media are there that journals and database tell of. Exit code 0 when nothing is wrong, 1 when something is, 2 when that could not be found out.</summary>
internal static class FsckCommand
{
    private const int CouldNotLook = 2;

    public static Command Create()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "Only this one", Arity = ArgumentArity.ZeroOrOne };
        var deep = new Option<bool>("--deep") { Description = "Read every object and hold it against its checksum" };
        var repair = new Option<bool>("--repair") { Description = "Mend what can be without deleting anything" };
        var delete = new Option<bool>("--delete-orphans") { Description = "Delete objects that nothing names any more; without it they are listed only" };
        var command = new Command("fsck", "Hold store, spool and database against the journals: say what is missing or left over, and mend what can be") { channel, deep, repair, delete };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var code = CouldNotLook;
            var guarded = await Output.Guarded(async (_, token) =>
            {
                try
                {
                    var wishes = new FsckWishes(Name(parsed.GetValue(channel)), parsed.GetValue(deep), parsed.GetValue(repair), parsed.GetValue(delete));
                    return code = await RunAsync(parsed, wishes, token);
                }
                catch (Exception e) when (e is IOException and not ObjectStoreException || e is UnauthorizedAccessException || Database.IsAway(e))
                {
                    throw new StartException($"It could not be looked at: {e.Message}", e);
                }
            })(parsed, cancellationToken);
            return guarded == Output.Failed ? code : guarded;
        });
        return command;
    }

    private static ChannelName? Name(string? text) => text is null ? null : ChannelName.Parse(text);

    private static async Task<int> RunAsync(ParseResult parsed, FsckWishes wishes, CancellationToken cancellationToken)
    {
        var data = Output.Folder(parsed);
        var json = parsed.GetValue(Output.Json);
        var configuration = ServerConfiguration.Read(data, new Dictionary<string, string?>(StringComparer.Ordinal));
        var storage = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var store = StorageModule.CreateStore(storage, data, TimeProvider.System);
        using var disposal = store as IDisposable;
        await using var database = await DatabaseAsync(data, configuration, cancellationToken);
        var isRunning = RunningServer.Find(data) is not null;
        var spool = configuration.GetSection(SpoolOptions.Section).Get<SpoolOptions>() ?? new SpoolOptions();
        var fsck = new Fsck(data, store, database, spool, isRunning, !string.IsNullOrEmpty(storage.Bucket), TimeProvider.System);
        var (found, mended) = (0L, 0L);
        var kinds = new SortedDictionary<string, long>(StringComparer.Ordinal);
        try
        {
            await foreach (var line in fsck.RunAsync(wishes, cancellationToken))
            {
                found++;
                if (line.Mended is not null)
                {
                    mended++;
                    kinds[line.Fault] = kinds.GetValueOrDefault(line.Fault) + 1;
                }

                Tell(line, json);
            }
        }
        finally
        {
            // What is mended is mended, also when the rest could not be looked at.
            if (mended > 0)
            {
                await NoteAsync(parsed, database, wishes, kinds);
            }
        }

        var tally = fsck.Tally;
        if (json)
        {
            Output.Line(new
            {
                sessions = fsck.Sessions, objects = tally.Objects, bytes = tally.Bytes, verified = tally.Verified, withoutChecksum = tally.Unverified, database = database is not null, found, mended,
            });
        }
        else
        {
            Console.Out.WriteLine(
                $"{fsck.Sessions:N0} sessions, {tally.Objects:N0} objects, {tally.Bytes:N0} bytes announced"
                + (wishes.Deep ? $"; {tally.Verified:N0} read and held against their checksums, {tally.Unverified:N0} have none" : "")
                + (database is null ? "; there is no database yet" : "")
                + (found == 0 ? ". Nothing is wrong." : $". {found:N0} findings{(mended > 0 ? $", {mended:N0} mended" : "")}."));
        }

        return found > mended ? Output.Failed : 0;
    }

    private static void Tell(FsckLine line, bool json)
    {
        if (json)
        {
            Output.Line(new { fault = line.Fault, channel = line.Channel, session = line.Session, @object = line.Object, message = line.Message, mended = line.Mended });
        }
        else
        {
            Console.Out.WriteLine($"{line.Fault}  {line.Object ?? string.Join(' ', new[] { line.Channel, line.Session }.OfType<string>())}: {line.Message}{(line.Mended is null ? "" : $" → {line.Mended}")}");
        }
    }

    /// <summary>One row of the audit log for all that a run has mended or deleted.</summary>
    private static async Task NoteAsync(ParseResult parsed, Database? database, FsckWishes wishes, IReadOnlyDictionary<string, long> kinds)
    {
        if (database is null)
        {
            Store.Unnoted("there is no database yet");
            return;
        }

        using var acting = Store.Act(parsed);
        var (action, subject, detail) = RowOf(wishes, kinds);
        if (await new AuditLog(database).TryNoteAsync(TimeProvider.System.GetUtcNow(), action, subject, detail) is { } reason)
        {
            Store.Unnoted(reason);
        }
    }

    /// <summary>What the audit log has of a run.</summary>
    /// <param name="wishes">What was asked for.</param>
    /// <param name="kinds">How many of each kind were mended or deleted.</param>
    internal static (string Action, string Subject, IReadOnlyDictionary<string, string> Detail) RowOf(FsckWishes wishes, IReadOnlyDictionary<string, long> kinds) => (
        "media.repair",
        wishes.Channel is { } channel ? $"channel/{channel.Value}" : "media/all",
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["repair"] = wishes.Repair ? "true" : "false",
            ["deleteOrphans"] = wishes.DeleteOrphans ? "true" : "false",
            ["mended"] = string.Join(", ", kinds.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Key} {k.Value}"))),
        });

    /// <summary>The database, unless there is none: looking makes none.</summary>
    private static async Task<Database?> DatabaseAsync(DataFolder data, IConfiguration configuration, CancellationToken cancellationToken) =>
        string.IsNullOrWhiteSpace(Store.Options(configuration).ConnectionString) && !Directory.Exists(Path.Combine(data.Path, "postgres")) ? null : await Store.OpenAsync(data, cancellationToken);
}
