using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Storage;

namespace Broadcast.Host.Commands;

/// <summary><c>recording list|show|set|clip|delete|lifecycle</c>.</summary>
internal static class RecordingCommand
{
    private static readonly Argument<string> Id = new("RECORDING") { Description = "The recording's or clip's id, as 'recording list' shows it" };
    private static readonly Option<string?> Title = new("--title") { Description = "What people see as its name" };
    private static readonly Option<string?> Visibility = new("--visibility") { Description = string.Join(", ", RecordingRules.Visibilities), HelpName = "WHO" };

    private static readonly Option<string?> Access = new("--access")
    {
        Description = $"Who may watch it and all else of its session, once that is over: {string.Join(", ", ChannelRules.Accesses)}", HelpName = "WHO",
    };

    private static readonly Option<string?> Keep = new("--retention")
    {
        Description = "How long it is kept after its session has ended: forever, channel (as its channel says), or 1h to 3650d, such as 12h or 30d", HelpName = "TIME",
    };

    private static readonly Option<string?> Start = new("--start") { Description = "Where it begins: 90 or 1:30 (from the begin), -30 (seconds back from the end), 2030-01-31T18:00:00Z, or begin", HelpName = "TIME" };
    private static readonly Option<string?> End = new("--end") { Description = "Where it ends: as --start, or end", HelpName = "TIME" };

    public static Command Create() => new("recording", "List, change, clip and delete recordings") { List(), Show(), Set(), Clip(), Delete(), Lifecycle() };

    private static Command List()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "Only those of this channel", Arity = ArgumentArity.ZeroOrOne };
        var kind = new Option<string?>("--kind") { Description = string.Join(" or ", RecordingRules.Kinds), HelpName = "KIND" };
        var limit = new Option<int>("--limit") { Description = $"How many, 1 to {RecordingRules.MaxPage} (50)", HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<string?>("--before") { Description = "Only those before this one, to read on", HelpName = "RECORDING" };
        var list = new Command("list", "Show recordings and clips, newest first") { channel, kind, Visibility, limit, before };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var reached = parsed.GetValue(before) is { } id ? RecordingId.Parse(id) : (RecordingId?)null;
            var filter = new RecordingFilter(parsed.GetValue(channel), parsed.GetValue(kind), parsed.GetValue(Visibility), null, reached, parsed.GetValue(limit));
            var found = await Directory(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                var media = MediaAddress(parsed);
                Output.Line(found.Select(r => Row(r, media)));
                return;
            }

            if (found.Count == 0)
            {
                Console.Out.WriteLine("There is no such recording. Sessions are recorded where 'channel set NAME --record on' says so.");
                return;
            }

            Output.Table(["id", "channel", "kind", "title", "begin", "length", "who", "kept"], found.Select(r => new[]
            {
                r.Id, r.Channel, r.Kind, r.Title, $"{r.Begin:u}", Length(r), r.Visibility, Kept(r),
            }));
        }));
        return list;
    }

    private static Command Show()
    {
        var show = new Command("show", "Show a recording or clip and its addresses") { Id };
        show.SetAction(Store.Work(async (parsed, database, cancellationToken) => Tell(parsed, await Directory(database).GetAsync(parsed.GetValue(Id)!, cancellationToken))));
        return show;
    }

    private static Command Set()
    {
        var set = new Command("set", "Change a recording or clip; what is not named stays. --start and --end trim it: seconds count from its session's begin; begin and end undo that")
        {
            Id, Title, Visibility, Access, Keep, Start, End,
        };
        set.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            if (ChannelRules.AccessMistake(parsed.GetValue(Access), Store.Authorization(Output.Folder(parsed))) is { } mistake)
            {
                throw new ControlException([mistake]);
            }

            var change = new RecordingChange(parsed.GetValue(Title), parsed.GetValue(Visibility), Time(parsed, Start), Time(parsed, End), parsed.GetValue(Keep)) { Access = parsed.GetValue(Access) };
            Tell(parsed, await Directory(database).SetAsync(parsed.GetValue(Id)!, change, cancellationToken));
        }));
        return set;
    }

    private static Command Clip()
    {
        var source = new Argument<string>("SOURCE") { Description = "A recording's id, or a channel's name for its newest recording, also while that goes on" };
        var clip = new Command("clip", "Cut a clip out of a recording; without --end up to its end, which is now while it goes on") { source, Start, End, Title, Visibility, Keep };
        clip.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var start = Time(parsed, Start) ?? throw new ControlException([new("start", "Say where the clip begins: --start TIME.")]);
            var wish = new ClipWish(start, Time(parsed, End), parsed.GetValue(Title), parsed.GetValue(Visibility), parsed.GetValue(Keep));
            var named = parsed.GetValue(source)!;
            Tell(parsed, await (RecordingId.TryParse(named, out _)
                ? Directory(database).ClipAsync(named, wish, cancellationToken) : Directory(database).ClipOfChannelAsync(named, wish, cancellationToken)));
        }));
        return clip;
    }

    private static Command Delete()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be deleted" };
        var clips = new Option<bool>("--clips") { Description = "The clips of its session, too; while one is left, the media stay" };
        var delete = new Command("delete", "Delete a recording or clip; a running server removes the media when nothing else of their session is left") { Id, dryRun, clips };
        delete.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var (id, withClips) = (parsed.GetValue(Id)!, parsed.GetValue(clips));
            if (parsed.GetValue(dryRun))
            {
                Tell(parsed, await PlanAsync(parsed, database, id, withClips, cancellationToken));
                return;
            }

            await Directory(database).DeleteAsync(id, withClips, cancellationToken);
            ChannelCommand.Done(parsed, new { deleted = id }, $"Recording {id} is deleted.");
        }));
        return delete;
    }

    private static Command Lifecycle()
    {
        var slack = new Option<int>("--slack")
        {
            Description = $"Days that a bucket waits longer than the retention: more than the longest session lasts ({BucketRules.DefaultSlack})", HelpName = "DAYS", DefaultValueFactory = _ => BucketRules.DefaultSlack,
        };
        var lifecycle = new Command("lifecycle", "Print lifecycle rules for the bucket, as XML or (--json) for the AWS command line: a net beneath the server's own deleting") { slack };
        lifecycle.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var rules = await BucketRules.ReadAsync(database, Storage(parsed).Prefix ?? "", parsed.GetValue(slack), TimeProvider.System, cancellationToken);
            foreach (var (channel, reason) in rules.LeftOut)
            {
                await Console.Error.WriteLineAsync($"No rule for channel '{channel}': {reason}.");
            }

            Console.Out.WriteLine(parsed.GetValue(Output.Json) ? rules.ToJson() : rules.ToXml());
        }));
        return lifecycle;
    }

    /// <summary>What would go; counted where the store answers. What waits in a running server's spool is not in the count.</summary>
    private static async Task<DeletionPlan> PlanAsync(ParseResult parsed, Database database, string id, bool withClips, CancellationToken cancellationToken)
    {
        var store = StorageModule.CreateStore(Storage(parsed), Output.Folder(parsed), TimeProvider.System);
        using var disposal = store as IDisposable;
        try
        {
            return await Directory(database).PlanAsync(id, withClips, new SessionMedia(store, null), cancellationToken);
        }
        catch (ObjectStoreException)
        {
            return await Directory(database).PlanAsync(id, withClips, null, cancellationToken);
        }
    }

    private static void Tell(ParseResult parsed, DeletionPlan plan)
    {
        var media = !plan.MediaGoes ? $"stay, for {string.Join(", ", plan.KeptBy)}"
            : plan.Media is { } size ? string.Create(CultureInfo.InvariantCulture, $"go: {(size.IsAll ? "" : "over ")}{size.Objects} objects, {size.Bytes} bytes") : "go; they could not be counted";
        ChannelCommand.Done(
            parsed,
            new
            {
                dryRun = true, recordings = plan.Recordings.Select(r => r.Id), channel = plan.Channel, session = plan.Session, sessionStartedAt = plan.SessionStartedAt,
                sessionEndedAt = plan.SessionEndedAt, mediaGoes = plan.MediaGoes, mediaKeptBy = plan.KeptBy, objects = plan.Media?.Objects, bytes = plan.Media?.Bytes, countedAll = plan.Media is not { IsAll: false },
            },
            $"""
            Would delete {string.Join(", ", plan.Recordings.Select(r => r.Id))}
              Session  {plan.Session} of '{plan.Channel}', since {plan.SessionStartedAt:u}{(plan.SessionEndedAt is null ? "; it is open, and its media stay until it is over" : "")}
              Media    {media}
            """);
    }

    private static void Tell(ParseResult parsed, RecordingInfo r)
    {
        var media = MediaAddress(parsed);
        var addresses = RecordingAddresses.Of(media, r.Id);
        if (parsed.GetValue(Output.Json))
        {
            Output.Line(Row(r, media));
            return;
        }

        Console.Out.WriteLine($"""
            {(r.Kind == "clip" ? "Clip" : "Recording")} {r.Id} of '{r.Channel}'{(r.Title.Length > 0 ? $": {r.Title}" : "")}
              Begin     {r.Begin:u}, length {Length(r)}
              Seen by   {r.Visibility}{(r.Access is { } access ? $", access {access}" : "")}
              Kept      {Kept(r)}
              HLS       {addresses.Hls}
              DASH      {addresses.Dash}
              Download  {addresses.Download}
            """);
    }

    private static object Row(RecordingInfo r, string media) => new
    {
        id = r.Id, channel = r.Channel, session = r.Session, kind = r.Kind, title = r.Title, visibility = r.Visibility, access = r.Access ?? EventRules.OfChannel, state = r.IsRecording ? "recording" : "ready",
        startsAt = r.Begin, endsAt = r.End, durationSeconds = r.Duration?.TotalSeconds, retention = r.Retention, expiresAt = r.ExpiresAt, createdAt = r.CreatedAt,
        addresses = RecordingAddresses.Of(media, r.Id),
    };

    private static string Length(RecordingInfo r) => r.Duration is { } length ? $"{(int)length.TotalHours}:{length:mm\\:ss}" : r.IsRecording ? "goes on" : "not known";

    private static string Kept(RecordingInfo r) => r.ExpiresAt is { } expires ? $"until {expires:u}" : r.Retention;

    private static Moment? Time(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? null
        : Moment.TryParse(text, out var moment) ? moment
        : throw new ControlException([new(option.Name, $"'{text}' is no time: write 90 or 1:30 (from the begin), -30 (seconds back from the end), 2030-01-31T18:00:00Z, begin or end.")]);

    private static string MediaAddress(ParseResult parsed)
    {
        var folder = Output.Folder(parsed);
        return ViewerAddressBook.Of(Store.Delivery(folder), RunningServer.Find(folder)?.Http ?? "http://YOUR-SERVER:8080").Media;
    }

    private static StorageOptions Storage(ParseResult parsed) => Store.Storage(Output.Folder(parsed));

    private static RecordingDirectory Directory(Database database) => new(database, TimeProvider.System);
}
