using System.CommandLine;
using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Host.Configuration;
using Broadcast.Host.Diagnostics;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;

namespace Broadcast.Host.Commands;

/// <summary>
/// <c>fsck</c>: checks that all media named by journals and database exists. Exit code 0: no issues; 1: issues found; 2: the check could
/// not be completed.
/// </summary>
internal static class FsckCommand
{
    private const int CheckIncomplete = 2;

    public static Command Create()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "Check this channel only", Arity = ArgumentArity.ZeroOrOne };
        var deep = new Option<bool>("--deep") { Description = "Read every object and verify its checksum" };
        var repair = new Option<bool>("--repair") { Description = "Repair what can be repaired without deleting anything" };
        var delete = new Option<bool>("--delete-orphans") { Description = "Delete unreferenced objects; by default they are only listed" };
        var command =
            new Command("fsck",
                "Compare object store, spool and database with the journals, and report or repair missing and orphaned media") { channel,
                deep, repair, delete };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var code = CheckIncomplete;
            var guarded = await CommandOutput.HandleErrors(async (_, token) =>
            {
                try
                {
                    var request = new FsckRequest(Name(parsed.GetValue(channel)), parsed.GetValue(deep), parsed.GetValue(repair),
                        parsed.GetValue(delete));
                    return code = await RunAsync(parsed, request, token);
                }
                catch (Exception e) when (e is IOException and not ObjectStoreException || e is UnauthorizedAccessException
                    || ServerDatabase.IsUnavailable(e))
                {
                    throw new StartException($"The check could not be completed: {e.Message}", e);
                }
            })(parsed, cancellationToken);
            return guarded == CommandOutput.Failed ? code : guarded;
        });
        return command;
    }

    private static ChannelName? Name(string? text) => text is null ? null : ChannelName.Parse(text);

    private static async Task<int> RunAsync(ParseResult parsed, FsckRequest request, CancellationToken cancellationToken)
    {
        var data = CommandOutput.DataFolderOf(parsed);
        var json = parsed.GetValue(CommandOutput.Json);
        var configuration = ServerConfiguration.ReadForCommand(data);
        var storage = configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var store = StorageModule.CreateStore(storage, data, TimeProvider.System);
        using var disposal = store as IDisposable;
        await using var database = await DatabaseAsync(data, configuration, cancellationToken);
        var isRunning = DataFolderLock.Find(data) is not null;
        var spool = configuration.GetSection(SpoolOptions.Section).Get<SpoolOptions>() ?? new SpoolOptions();
        var fsck = new Fsck(data, store, database, spool, isRunning, !string.IsNullOrEmpty(storage.Bucket), TimeProvider.System);
        var (found, repaired) = (0L, 0L);
        var kinds = new SortedDictionary<string, long>(StringComparer.Ordinal);
        try
        {
            await foreach (var issue in fsck.RunAsync(request, cancellationToken))
            {
                found++;
                if (issue.Repaired is not null)
                {
                    repaired++;
                    kinds[issue.Fault] = kinds.GetValueOrDefault(issue.Fault) + 1;
                }

                Print(issue, json);
            }
        }
        finally
        {
            // Repairs are recorded even if the check could not be completed.
            if (repaired > 0)
            {
                await RecordAsync(parsed, database, request, kinds);
            }
        }

        var totals = fsck.Totals;
        if (json)
        {
            CommandOutput.PrintJson(new
            {
                sessions = fsck.Sessions, objects = totals.Objects, bytes = totals.Bytes, verified = totals.Verified,
                withoutChecksum = totals.Unverified, database = database is not null, found, repaired,
            });
        }
        else
        {
            Console.Out.WriteLine(
                $"{fsck.Sessions:N0} sessions, {totals.Objects:N0} objects, {totals.Bytes:N0} bytes announced"
                + (request.Deep ? $"; {totals.Verified:N0} verified against their checksums, {totals.Unverified:N0} without a checksum"
                    : "")
                + (database is null ? "; no database exists yet" : "")
                + (found == 0 ? ". No issues found." : $". {found:N0} issues found{(repaired > 0 ? $", {repaired:N0} repaired" : "")}."));
        }

        return found > repaired ? CommandOutput.Failed : 0;
    }

    private static void Print(FsckLine issue, bool json)
    {
        if (json)
        {
            CommandOutput.PrintJson(new { fault = issue.Fault, channel = issue.Channel, session = issue.Session, @object = issue.Object,
                message = issue.Message, repaired = issue.Repaired });
        }
        else
        {
            Console.Out
                .WriteLine(
                    $"{issue.Fault} "
                    + $" {issue.Object ?? string.Join(' ', new[] { issue.Channel, issue.Session }.OfType<string>())}: {issue.Message}{(issue.Repaired is null ? "" : $" → {issue.Repaired}")}");
        }
    }

    /// <summary>Writes one audit log entry for all repairs and deletions of a run.</summary>
    private static async Task RecordAsync(ParseResult parsed, ServerDatabase? database, FsckRequest request,
        IReadOnlyDictionary<string, long> kinds)
    {
        if (database is null)
        {
            CommandDatabase.WarnNotAudited("no database exists yet");
            return;
        }

        using var actorScope = CommandDatabase.ActAsCommand(parsed);
        var (action, subject, detail) = AuditEntryOf(request, kinds);
        if (await new AuditLog(database).TryRecordAsync(TimeProvider.System.GetUtcNow(), action, subject, detail) is { } reason)
        {
            CommandDatabase.WarnNotAudited(reason);
        }
    }

    /// <summary>The audit log entry of a run.</summary>
    /// <param name="request">The requested options.</param>
    /// <param name="kinds">Number of repaired or deleted objects per kind.</param>
    internal static (string Action, string Subject, IReadOnlyDictionary<string, string> Detail) AuditEntryOf(FsckRequest request,
        IReadOnlyDictionary<string, long> kinds) => (
        "media.repair",
        request.Channel is { } channel ? $"channel/{channel.Value}" : "media/all",
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["repair"] = request.Repair ? "true" : "false",
            ["deleteOrphans"] = request.DeleteOrphans ? "true" : "false",
            ["repaired"] = string.Join(", ", kinds.OrderBy(k => k.Key, StringComparer.Ordinal)
                .Select(k => string.Create(CultureInfo.InvariantCulture, $"{k.Key} {k.Value}"))),
        });

    /// <summary>Opens the database; <see langword="null"/> if none exists, because a check must not create one.</summary>
    private static async Task<ServerDatabase?> DatabaseAsync(DataFolder data, IConfiguration configuration,
        CancellationToken cancellationToken) =>
        string.IsNullOrWhiteSpace(CommandDatabase.Options(configuration).ConnectionString)
        && !Directory.Exists(Path.Combine(data.Path, "postgres")) ? null : await CommandDatabase.OpenAsync(data, cancellationToken);
}
