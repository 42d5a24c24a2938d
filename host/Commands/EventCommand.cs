using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Control.Calendars;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Database;
using Broadcast.Host.Listening;

namespace Broadcast.Host.Commands;

/// <summary><c>event create|list|show|set|cancel|go-live|end|delete|feed</c>.</summary>
internal static class EventCommand
{
    private static readonly Option<string?> Reminders = new("--reminders")
    {
        Description =
            "Reminder webhooks, in minutes before the start, separated by commas, such as 60,10; or none (default: the channel's setting)",
        HelpName = "MINUTES",
    };

    private static readonly Argument<string> Id = new("EVENT") { Description = "Event ID, from 'event list'" };
    private static readonly Option<string?> Title = new("--title") { Description = "Display name" };
    private static readonly Option<string?> Description = new("--description") { Description = "Description for viewers" };
    private static readonly Option<string?> Poster = new("--poster") { Description = "URL of a poster image", HelpName = "URL" };
    private static readonly Option<string?> Start =
        new("--start") { Description = "Start time: 2030-01-31T20:00 in the event's time zone, or 2030-01-31T19:00:00Z",
            HelpName = "TIME" };
    private static readonly Option<string?> End = new("--end") { Description = "Planned end time, like --start", HelpName = "TIME" };
    private static readonly Option<string?> Zone =
        new("--time-zone") { Description = "Time zone, such as Europe/Berlin (UTC)", HelpName = "NAME" };
    private static readonly Option<string?> Recurrence =
        new("--recurrence") { Description = "Recurrence rule (RFC 5545), such as FREQ=WEEKLY;BYDAY=MO,WE", HelpName = "RULE" };
    private static readonly Option<string?> Ladder =
        new("--ladder") { Description = "Ladder during the event, or channel (channel)", HelpName = "LADDER" };
    private static readonly Option<string?> Latency =
        new("--latency") { Description = "Latency profile during the event, or channel (channel)", HelpName = "NAME" };
    private static readonly Option<string?> Record = new("--record") { Description =
        $"Record the event for playback on demand: {string.Join(", ", EventRules.Records)} (channel)", HelpName = "ON|OFF" };

    private static readonly Option<string?> Access = new("--access")
    {
        Description = $"Access policy of the event and its recording: {string.Join(", ", EventRules.Accesses)} (channel)",
        HelpName = "POLICY",
    };

    private static readonly Option<string?> Chat = new("--chat")
    {
        Description = "Chat during the event: on, off, members (on; only users and viewers with a viewer token may write), or channel "
            + "(channel)",
        HelpName = "CHAT",
    };

    private static readonly Option<string?> Announced = new("--announced") { Description =
        "Announce title and start to viewers beforehand: on or off (default: the channel's setting)", HelpName = "ON|OFF" };

    private static readonly Option<string?> StartMode = new("--start-mode")
    {
        Description = "automatic (goes live at the start time, once the encoder publishes) or manual (with 'event go-live') (automatic)",
        HelpName = "HOW",
    };

    private static readonly Option<double?> Preview =
        new("--preview") { Description = "Seconds before the start when preview begins (900)", HelpName = "SECONDS" };
    private static readonly Option<double?> Grace =
        new("--grace") { Description = "Seconds after the planned end that the encoder may continue (300)", HelpName = "SECONDS" };
    private static readonly Option<string?> Overrun =
        new("--overrun") { Description = "What to do after --grace: end, or continue until the encoder stops (end)", HelpName = "HOW" };
    private static readonly Option<double?> NoShow =
        new("--no-show") { Description = "Seconds after the start to wait for an encoder (0: until the planned end)",
            HelpName = "SECONDS" };

    private static readonly Option[] Settings = [Title, Description, Poster, Start, End, Zone, Recurrence, Ladder, Latency, Record, Access,
        Chat, Announced, StartMode, Preview, Grace, Overrun, NoShow];

    public static Command Create() => new("event", "Schedule, change, list, start and end events")
    {
        CreateEvent(), List(), Show(), Set(),
        TransitionCommand("cancel", "Cancel an event, or a series with all its future occurrences",
            (events, id, stop) => events.CancelAsync(id, cancellationToken: stop)),
        TransitionCommand("go-live", "Make an event go live now", (events, id, stop) => events.GoLiveAsync(id, cancellationToken: stop)),
        TransitionCommand("end", "End an event that is live or in preview, and its session",
            (events, id, stop) => events.EndAsync(id, cancellationToken: stop)),
        Delete(), Feed(),
    };

    private static Command CreateEvent()
    {
        var channel = new Argument<string>("CHANNEL") { Description = "Channel of the event" };
        var create = AddSettings(new Command("create",
            "Schedule an event, or a series with --recurrence. Occurrences are created three months ahead") { channel });
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Print(parsed,
                await Directory(database).CreateAsync(Read(parsed) with { Channel = parsed.GetValue(channel) }, cancellationToken))));
        return create;
    }

    private static Command Set()
    {
        var set =
            AddSettings(new Command("set",
                "Change an event. Options not given stay unchanged; a changed occurrence no longer follows its series") { Id });
        set.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Print(parsed, await Directory(database).SetAsync(parsed.GetValue(Id)!, Read(parsed), cancellationToken))));
        return set;
    }

    private static Command Show()
    {
        var show = new Command("show", "Show an event and its history") { Id };
        show.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            Print(parsed, await Directory(database).GetAsync(parsed.GetValue(Id)!, cancellationToken));
            foreach (var historyEntry in parsed.GetValue(CommandOutput.Json) ? [] : await Directory(database)
                .HistoryAsync(parsed.GetValue(Id)!, cancellationToken))
            {
                Console.Out.WriteLine($"  {historyEntry.At:u}  {EventRules.Name(historyEntry.State)}: {historyEntry.Reason}");
            }
        }));
        return show;
    }

    private static Command List()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "List events of this channel", Arity = ArgumentArity.ZeroOrOne };
        var state = new Option<string?>("--state") { Description = string.Join(", ", EventRules.States), HelpName = "STATE" };
        var from = new Option<string?>("--from") { Description = "List events that end after this time, such as 2030-01-31T00:00:00Z (now)",
            HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "List events that start before this time", HelpName = "TIME" };
        var series = new Option<string?>("--series") { Description = "List occurrences of this series", HelpName = "EVENT" };
        var limit = new Option<int>("--limit") { Description = $"Maximum number of events, 1 to {EventRules.MaxPage} (50)",
            HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "List events after this one (paging)", HelpName = "EVENT" };
        var list = new Command("list", "List current and future events by start time") { channel, state, from, to, series, limit, after };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var since = Time(parsed, from)?.ToInstant(TimeZoneInfo.Utc)
                ?? (parsed.GetValue(state) is null ? TimeProvider.System.GetUtcNow() : null);
            var filter = new EventFilter(
                since, Time(parsed, to)?.ToInstant(TimeZoneInfo.Utc), parsed.GetValue(channel), parsed.GetValue(state),
                parsed.GetValue(series), parsed.GetValue(after), parsed.GetValue(limit));
            var found = await Directory(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                var pages = Pages(parsed);
                CommandOutput.PrintJson(found.Select(e => Row(e, pages)));
                return;
            }

            if (found.Count == 0)
            {
                Console.Out.WriteLine("No events found. Schedule one: ./broadcast event create CHANNEL --title … --start … --end …");
                return;
            }

            var pagesUrl = Pages(parsed);
            CommandOutput.PrintTable(["id", "channel", "title", "start", "end", "state", "series", "page"], found.Select(e => new[]
            {
                e.Id, e.Channel, e.Title, LocalTime(e, e.StartsAt), LocalTime(e, e.EndsAt), EventRules.Name(e.State), e.Series ?? "",
                EventRules.PageOf(pagesUrl, e.Id, e.Kind) ?? "",
            }));
        }));
        return list;
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "Delete an event, or a series with its occurrences; recordings are retained") { Id };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await Directory(database).DeleteAsync(parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Report(parsed, new { deleted = parsed.GetValue(Id) }, $"Event {parsed.GetValue(Id)} deleted.");
        }));
        return delete;
    }

    private static Command Feed()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "Channel of the feed (default: all channels)",
            Arity = ArgumentArity.ZeroOrOne };
        var label = new Option<string?>("--label") { Description = "Note about who uses the feed" };
        var create = new Command("create", "Create a feed URL for calendar applications; it is shown only once") { channel, label };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var created = await new CalendarFeeds(database, TimeProvider.System).CreateAsync(parsed.GetValue(channel),
                parsed.GetValue(label) ?? "", cancellationToken);
            var url = Pages(parsed) + created.Path;
            ChannelCommand.Report(parsed, new { feed = created.Info.Id, url }, $"Calendar feed URL, shown only once:\n  {url}");
        }));

        var list = new Command("list", "List all calendar feeds, without their secrets");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var feeds = await new CalendarFeeds(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(feeds.Select(f => new { id = f.Id, channel = f.Channel, label = f.Label, createdAt = f.CreatedAt,
                    lastUsedAt = f.LastUsedAt, revokedAt = f.RevokedAt }));
                return;
            }

            CommandOutput.PrintTable(["id", "channel", "label", "created", "last used", "state"], feeds.Select(f => new[]
            {
                f.Id, f.Channel ?? "all", f.Label, $"{f.CreatedAt:u}", f.LastUsedAt is { } used ? $"{used:u}" : "never",
                f.RevokedAt is null ? "active" : "revoked",
            }));
        }));

        var id = new Argument<string>("FEED-ID") { Description = "Feed ID, from 'event feed list'" };
        var revoke = new Command("revoke", "Revoke a calendar feed") { id };
        revoke.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new CalendarFeeds(database, TimeProvider.System).RevokeAsync(parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Report(parsed, new { revoked = parsed.GetValue(id) }, $"Calendar feed {parsed.GetValue(id)} revoked.");
        }));
        return new Command("feed", "Manage calendar feeds") { create, list, revoke };
    }

    private static Command TransitionCommand(string name, string description,
        Func<EventRepository, string, CancellationToken, Task<EventInfo>> transition)
    {
        var command = new Command(name, description) { Id };
        command.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            Print(parsed, await transition(Directory(database), parsed.GetValue(Id)!, cancellationToken))));
        return command;
    }

    private static Command AddSettings(Command command)
    {
        foreach (var option in Settings)
        {
            command.Options.Add(option);
        }

        command.Options.Add(Reminders);
        return command;
    }

    private static EventSettings Read(ParseResult parsed) =>
        ChannelRules.ValidateAccess(parsed.GetValue(Access), CommandDatabase.Authorization(CommandOutput.DataFolderOf(parsed))) is { } error
        ? throw new OperationException([error])
        : new()
    {
        Access = parsed.GetValue(Access), Chat = parsed.GetValue(Chat),
        Reminders = Minutes(Reminders.Name, parsed.GetValue(Reminders)),
        Title = parsed.GetValue(Title), Description = parsed.GetValue(Description), Poster = parsed.GetValue(Poster),
        Start = Time(parsed, Start), End = Time(parsed, End),
        TimeZone = parsed.GetValue(Zone), Recurrence = parsed.GetValue(Recurrence), Ladder = parsed.GetValue(Ladder),
        Latency = parsed.GetValue(Latency), Record = parsed.GetValue(Record),
        Announced = parsed.GetValue(Announced), StartMode = parsed.GetValue(StartMode), Preview = Seconds(parsed.GetValue(Preview)),
        Grace = Seconds(parsed.GetValue(Grace)), Overrun = parsed.GetValue(Overrun),
        NoShow = Seconds(parsed.GetValue(NoShow)),
    };

    private static EventTime? Time(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? null
        : EventTime.TryParse(text, out var time) ? time
        : throw new OperationException(
            [new(option.Name, $"'{text}' is not a valid time. Use 2030-01-31T20:00 (in the event's time zone) or 2030-01-31T19:00:00Z.")]);

    private static TimeSpan? Seconds(double? seconds) =>
        seconds is { } value ? double.IsFinite(value) && Math.Abs(value) < 1e9 ? TimeSpan.FromSeconds(value) : TimeSpan.MaxValue : null;

    /// <summary>Parses a list of minutes before a start.</summary>
    /// <exception cref="OperationException">The text is not a list of minutes.</exception>
    internal static List<int>? Minutes(string option, string? text) => text is null ? null : text == "none" ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries)
            .Select(m => int.TryParse(m, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ? minutes
            : throw new OperationException([new(option, $"'{m}' is not a number of minutes. Use 60,10 or none.")]))];

    private static void Print(ParseResult parsed, EventInfo e)
    {
        if (parsed.GetValue(CommandOutput.Json))
        {
            CommandOutput.PrintJson(Row(e, Pages(parsed)));
            return;
        }

        var page = EventRules.PageOf(Pages(parsed), e.Id, e.Kind);

        Console.Out.WriteLine($"""
            {(e.Kind == EventKind.Series ? "Series" : "Event")} {e.Id} on '{e.Channel}': {e.Title}
              Starts    {LocalTime(e, e.StartsAt)} ({e.TimeZone})
              Ends      {LocalTime(e, e.EndsAt)}{(e.Recurrence is { } rule ? $"\n  Recurs    {rule}" : "")}
              State     {EventRules.Name(e.State)}{(e.Reason.Length > 0 ? $": {e.Reason}" : "")}{(page is null ? "" : $"\n  Page      {page}{(e.IsAnnounced || e.WentLiveAt is not null ? "" : " (available once the event is live)")}")}
            """);
    }

    private static object Row(EventInfo e, string pages) => new
    {
        id = e.Id, kind = EventRules.Name(e.Kind), series = e.Series, channel = e.Channel, title = e.Title,
        state = EventRules.Name(e.State), reason = e.Reason, startsAt = e.StartsAt, endsAt = e.EndsAt,
        timeZone = e.TimeZone, recurrence = e.Recurrence, isChanged = e.IsChanged, wentLiveAt = e.WentLiveAt, endedAt = e.EndedAt,
        lateSince = e.LateSince, access = e.Access ?? EventRules.ChannelDefault, chat = e.Chat ?? EventRules.ChannelDefault,
        sessions = e.Sessions, reminderMinutes = e.Reminders,
        pageUrl = EventRules.PageOf(pages, e.Id, e.Kind),
    };

    /// <summary>Base URL of viewer pages.</summary>
    private static string Pages(ParseResult parsed)
    {
        var folder = CommandOutput.DataFolderOf(parsed);
        return ViewerUrlProvider.Of(CommandDatabase.Delivery(folder), DataFolderLock.Find(folder)?.Http ?? "http://YOUR-SERVER:8080").Pages;
    }

    private static string LocalTime(EventInfo e, DateTimeOffset at) =>
        (LocalDateTime.TryFind(e.TimeZone, out var zone) ? LocalDateTime.ToLocal(at, zone) : at.UtcDateTime).ToString("yyyy-MM-dd HH:mm:ss",
            CultureInfo.InvariantCulture);

    private static EventRepository Directory(ServerDatabase database) => new(database, TimeProvider.System);
}
