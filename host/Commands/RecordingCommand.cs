using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;

namespace Broadcast.Host.Commands;

/// <summary><c>recording list|show|set|clip|delete|lifecycle</c>.</summary>
internal static class RecordingCommand
{
    private static readonly Argument<string> Id = new("RECORDING") { Description = "Recording or clip ID, from 'recording list'" };
    private static readonly Option<string?> Title = new("--title") { Description = "Display name" };
    private static readonly Option<string?> Visibility =
        new("--visibility") { Description = string.Join(", ", RecordingRules.Visibilities), HelpName = "VISIBILITY" };

    private static readonly Option<string?> Access = new("--access")
    {
        Description =
            $"Access policy of the recording and its session, once the session has ended: {string.Join(", ", ChannelRules.Accesses)}",
        HelpName = "POLICY",
    };

    private static readonly Option<string?> RetentionOption = new("--retention")
    {
        Description =
            "How long to retain it after its session: forever, channel (the channel's setting), or 1h to 3650d, such as 12h or 30d",
        HelpName = "TIME",
    };

    private static readonly Option<string?> Start = new("--start") { Description =
        "Start position: 90 or 1:30 (from the start), -30 (seconds before the end), 2030-01-31T18:00:00Z, or begin", HelpName = "TIME" };
    private static readonly Option<string?> End = new("--end") { Description = "End position: like --start, or end", HelpName = "TIME" };

    public static Command Create() => new("recording", "List, change, clip and delete recordings") { List(), Show(), Set(), Clip(),
        Delete(), Lifecycle() };

    private static Command List()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "List recordings of this channel", Arity = ArgumentArity.ZeroOrOne };
        var kind = new Option<string?>("--kind") { Description = string.Join(" or ", RecordingRules.Kinds), HelpName = "KIND" };
        var limit = new Option<int>("--limit") { Description = $"Maximum number of recordings, 1 to {RecordingRules.MaxPage} (50)",
            HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<string?>("--before") { Description = "List older recordings (paging)", HelpName = "RECORDING" };
        var list = new Command("list", "List recordings and clips, newest first") { channel, kind, Visibility, limit, before };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var beforeRecording = parsed.GetValue(before) is { } id ? RecordingId.Parse(id) : (RecordingId?)null;
            var filter = new RecordingFilter(parsed.GetValue(channel), parsed.GetValue(kind), parsed.GetValue(Visibility), null,
                beforeRecording, parsed.GetValue(limit));
            var found = await Directory(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                var media = MediaUrl(parsed);
                CommandOutput.PrintJson(found.Select(r => Row(r, media)));
                return;
            }

            if (found.Count == 0)
            {
                Console.Out.WriteLine("No recordings found. To record sessions, run 'channel set NAME --record on'.");
                return;
            }

            CommandOutput.PrintTable(["id", "channel", "kind", "title", "start", "duration", "visibility", "retention"],
                found.Select(r => new[]
            {
                r.Id, r.Channel, r.Kind, r.Title, $"{r.Start:u}", DurationText(r), r.Visibility, RetentionText(r),
            }));
        }));
        return list;
    }

    private static Command Show()
    {
        var show = new Command("show", "Show a recording or clip and its URLs") { Id };
        show.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Print(parsed, await Directory(database).GetAsync(parsed.GetValue(Id)!, cancellationToken))));
        return show;
    }

    private static Command Set()
    {
        var set =
            new Command("set",
                "Change a recording or clip. Options not given stay unchanged. --start and --end trim it, in seconds from the session's "
                + "start; 'begin' and 'end' undo that")
        {
            Id, Title, Visibility, Access, RetentionOption, Start, End,
        };
        set.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            if (ChannelRules.ValidateAccess(parsed.GetValue(Access), CommandDatabase.Authorization(CommandOutput.DataFolderOf(parsed)))
                is { } error)
            {
                throw new OperationException([error]);
            }

            var change = new RecordingChange(parsed.GetValue(Title), parsed.GetValue(Visibility), Time(parsed, Start), Time(parsed, End),
                parsed.GetValue(RetentionOption)) { Access = parsed.GetValue(Access) };
            Print(parsed, await Directory(database).SetAsync(parsed.GetValue(Id)!, change, cancellationToken));
        }));
        return set;
    }

    private static Command Clip()
    {
        var source = new Argument<string>("SOURCE") { Description =
            "Recording ID, or channel name (selects its newest recording, which may be live)" };
        var clip =
            new Command("clip", "Create a clip of a recording. Its default end is the recording's end, or now if the session is live") {
                source, Start, End, Title, Visibility, RetentionOption };
        clip.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var start = Time(parsed, Start) ?? throw new OperationException([new("start", "Specify the start of the clip: --start TIME.")]);
            var request = new ClipRequest(start, Time(parsed, End), parsed.GetValue(Title), parsed.GetValue(Visibility),
                parsed.GetValue(RetentionOption));
            var sourceName = parsed.GetValue(source)!;
            Print(parsed, await (RecordingId.TryParse(sourceName, out _)
                ? Directory(database).ClipAsync(sourceName, request, cancellationToken) : Directory(database)
                .ClipOfChannelAsync(sourceName, request, cancellationToken)));
        }));
        return clip;
    }

    private static Command Delete()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would be deleted" };
        var clips = new Option<bool>("--clips") { Description = "Also delete the session's clips, which otherwise retain its media" };
        var delete =
            new Command("delete",
                "Delete a recording or clip. A running server deletes the media once no recording or clip of the session is left") { Id,
                dryRun, clips };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var (id, withClips) = (parsed.GetValue(Id)!, parsed.GetValue(clips));
            if (parsed.GetValue(dryRun))
            {
                Print(parsed, await PlanAsync(parsed, database, id, withClips, cancellationToken));
                return;
            }

            await Directory(database).DeleteAsync(id, withClips, cancellationToken);
            ChannelCommand.Report(parsed, new { deleted = id }, $"Recording {id} deleted.");
        }));
        return delete;
    }

    private static Command Lifecycle()
    {
        var margin = new Option<int>("--margin")
        {
            Description = $"Days added to the retention; must exceed the longest session ({LifecycleRules.DefaultMargin})",
            HelpName = "DAYS", DefaultValueFactory = _ => LifecycleRules.DefaultMargin,
        };
        var lifecycle =
            new Command("lifecycle",
                "Print bucket lifecycle rules for media that no server can delete any more: XML, or JSON for the AWS CLI with --json") {
                margin };
        lifecycle.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var rules = await LifecycleRules.ReadAsync(database, Storage(parsed).Prefix ?? "", parsed.GetValue(margin), TimeProvider.System,
                cancellationToken);
            foreach (var (channel, reason) in rules.Omitted)
            {
                await Console.Error.WriteLineAsync($"No rule for channel '{channel}': {reason}.");
            }

            Console.Out.WriteLine(parsed.GetValue(CommandOutput.Json) ? rules.ToJson() : rules.ToXml());
        }));
        return lifecycle;
    }

    /// <summary>
    /// Plans a deletion, with object counts if the store is reachable. Objects in a running server's spool are not counted.
    /// </summary>
    private static async Task<DeletionPlan> PlanAsync(ParseResult parsed, ServerDatabase database, string id, bool withClips,
        CancellationToken cancellationToken)
    {
        var store = StorageModule.CreateStore(Storage(parsed), CommandOutput.DataFolderOf(parsed), TimeProvider.System);
        using var disposal = store as IDisposable;
        try
        {
            return await Directory(database).PlanAsync(id, withClips, new SessionStorageInspector(store, null), cancellationToken);
        }
        catch (ObjectStoreException)
        {
            return await Directory(database).PlanAsync(id, withClips, null, cancellationToken);
        }
    }

    private static void Print(ParseResult parsed, DeletionPlan plan)
    {
        var media = !plan.DeletesMedia ? $"retained, because of {string.Join(", ", plan.RetainedBy)}"
            : plan.Media is { } size ? string.Create(CultureInfo.InvariantCulture,
                $"deleted: {(size.IsComplete ? "" : "more than ")}{size.Objects} objects, {size.Bytes} bytes")
                : "deleted; the objects could not be counted";
        ChannelCommand.Report(
            parsed,
            new
            {
                dryRun = true, recordings = plan.Recordings.Select(r => r.Id), channel = plan.Channel, session = plan.Session,
                sessionStartedAt = plan.SessionStartedAt,
                sessionEndedAt = plan.SessionEndedAt, deletesMedia = plan.DeletesMedia, mediaRetainedBy = plan.RetainedBy,
                objects = plan.Media?.Objects, bytes = plan.Media?.Bytes, isComplete = plan.Media is not { IsComplete: false },
            },
            $"""
            Would delete {string.Join(", ", plan.Recordings.Select(r => r.Id))}
              Session  {plan.Session} of '{plan.Channel}', since {plan.SessionStartedAt:u}{(plan.SessionEndedAt is null ? "; still open, its media is retained until it ends" : "")}
              Media    {media}
            """);
    }

    private static void Print(ParseResult parsed, RecordingInfo r)
    {
        var media = MediaUrl(parsed);
        var urls = RecordingUrls.Of(media, r.Id);
        if (parsed.GetValue(CommandOutput.Json))
        {
            CommandOutput.PrintJson(Row(r, media));
            return;
        }

        Console.Out.WriteLine($"""
            {(r.Kind == "clip" ? "Clip" : "Recording")} {r.Id} of '{r.Channel}'{(r.Title.Length > 0 ? $": {r.Title}" : "")}
              Start     {r.Start:u}, duration {DurationText(r)}
              Visible   {r.Visibility}{(r.Access is { } access ? $", access {access}" : "")}
              Retained  {RetentionText(r)}
              HLS       {urls.Hls}
              DASH      {urls.Dash}
              Download  {urls.Download}
            """);
    }

    private static object Row(RecordingInfo r, string media) => new
    {
        id = r.Id, channel = r.Channel, session = r.Session, kind = r.Kind, title = r.Title, visibility = r.Visibility, access = r.Access
        ?? EventRules.ChannelDefault, state = r.IsRecording ? "recording" : "ready",
        startsAt = r.Start, endsAt = r.End, durationSeconds = r.Duration?.TotalSeconds, retention = r.Retention, expiresAt = r.ExpiresAt,
        createdAt = r.CreatedAt,
        urls = RecordingUrls.Of(media, r.Id),
    };

    private static string DurationText(RecordingInfo r) => r.Duration is { } length ? $"{(int)length.TotalHours}:{length:mm\\:ss}"
        : r.IsRecording ? "running" : "unknown";

    private static string RetentionText(RecordingInfo r) => r.ExpiresAt is { } expires ? $"until {expires:u}" : r.Retention;

    private static RecordingPosition? Time(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? null
        : RecordingPosition.TryParse(text, out var position) ? position
        : throw new OperationException(
            [new(option.Name,
                $"'{text}' is not a valid time. Use 90 or 1:30 (from the start), -30 (seconds before the end), 2030-01-31T18:00:00Z, "
                + "begin or end.")]);

    private static string MediaUrl(ParseResult parsed)
    {
        var folder = CommandOutput.DataFolderOf(parsed);
        return ViewerUrlProvider.Of(CommandDatabase.Delivery(folder), DataFolderLock.Find(folder)?.Http ?? "http://YOUR-SERVER:8080").Media;
    }

    private static StorageOptions Storage(ParseResult parsed) => CommandDatabase.Storage(CommandOutput.DataFolderOf(parsed));

    private static RecordingRepository Directory(ServerDatabase database) => new(database, TimeProvider.System);
}
