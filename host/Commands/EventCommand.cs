using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Host.Listening;

namespace Broadcast.Host.Commands;

/// <summary><c>event create|list|show|set|cancel|go-live|end|delete|feed</c>.</summary>
internal static class EventCommand
{
    private static readonly Option<string?> Reminders = new("--reminders")
    {
        Description = "Minutes before its start at which webhooks are reminded of it, with commas between, such as 60,10; or none (what the channel has for its events)", HelpName = "MINUTES",
    };

    private static readonly Argument<string> Id = new("EVENT") { Description = "The event's id, as 'event list' shows it" };
    private static readonly Option<string?> Title = new("--title") { Description = "What people see as its name" };
    private static readonly Option<string?> Description = new("--description") { Description = "What it is about" };
    private static readonly Option<string?> Poster = new("--poster") { Description = "Address of a picture", HelpName = "URL" };
    private static readonly Option<string?> Start = new("--start") { Description = "When it begins: 2030-01-31T20:00 on clocks of its time zone, or 2030-01-31T19:00:00Z", HelpName = "TIME" };
    private static readonly Option<string?> End = new("--end") { Description = "When it is planned to end: as --start", HelpName = "TIME" };
    private static readonly Option<string?> Zone = new("--time-zone") { Description = "Its time zone, such as Europe/Berlin (UTC)", HelpName = "NAME" };
    private static readonly Option<string?> Recurrence = new("--recurrence") { Description = "How it recurs (RFC 5545), such as FREQ=WEEKLY;BYDAY=MO,WE", HelpName = "RULE" };
    private static readonly Option<string?> Ladder = new("--ladder") { Description = "The ladder for its time, or channel (channel)", HelpName = "LADDER" };
    private static readonly Option<string?> Latency = new("--latency") { Description = "The latency profile for its time, or channel (channel)", HelpName = "NAME" };
    private static readonly Option<string?> Record = new("--record") { Description = $"Whether it is kept for replay: {string.Join(", ", EventRules.Records)} (channel)", HelpName = "ON|OFF" };

    private static readonly Option<string?> Access = new("--access")
    {
        Description = $"Who may watch it and its recording: {string.Join(", ", EventRules.Accesses)} (channel)", HelpName = "WHO",
    };

    private static readonly Option<string?> Announced = new("--announced") { Description = "Whether viewers of the channel are told its title and start before: on or off (what the channel has for its events)", HelpName = "ON|OFF" };

    private static readonly Option<string?> StartMode = new("--start-mode")
    {
        Description = "automatic (it goes live at its start, once its encoder is there) or manual (by 'event go-live') (automatic)", HelpName = "HOW",
    };

    private static readonly Option<double?> Preview = new("--preview") { Description = "Seconds before its start from which on its encoder is looked at (900)", HelpName = "SECONDS" };
    private static readonly Option<double?> Grace = new("--grace") { Description = "Seconds after its planned end for which its encoder may go on (300)", HelpName = "SECONDS" };
    private static readonly Option<string?> Overrun = new("--overrun") { Description = "What becomes of it then: end, or continue for as long as its encoder does (end)", HelpName = "HOW" };
    private static readonly Option<double?> NoShow = new("--no-show") { Description = "Seconds after its start for which it waits for an encoder (0: until its planned end)", HelpName = "SECONDS" };

    private static readonly Option[] Settings = [Title, Description, Poster, Start, End, Zone, Recurrence, Ladder, Latency, Record, Access, Announced, StartMode, Preview, Grace, Overrun, NoShow];

    public static Command Create() => new("event", "Plan, change, list, start and end broadcasts")
    {
        New(), List(), Show(), Set(),
        Move("cancel", "Call an event off; a series with all of its occurrences that are to come", (events, id, stop) => events.CancelAsync(id, cancellationToken: stop)),
        Move("go-live", "Let an event go live now", (events, id, stop) => events.GoLiveAsync(id, cancellationToken: stop)),
        Move("end", "End an event that is live or in preview, with its session", (events, id, stop) => events.EndAsync(id, cancellationToken: stop)),
        Delete(), Feed(),
    };

    private static Command New()
    {
        var channel = new Argument<string>("CHANNEL") { Description = "The channel that it is on" };
        var create = With(new Command("create", "Plan an event, or with --recurrence a series: its occurrences are made three months ahead") { channel });
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
            Tell(parsed, await Directory(database).CreateAsync(Read(parsed) with { Channel = parsed.GetValue(channel) }, cancellationToken))));
        return create;
    }

    private static Command Set()
    {
        var set = With(new Command("set", "Change an event; what is not named stays. A changed occurrence does not follow its series any more") { Id });
        set.SetAction(Store.Work(async (parsed, database, cancellationToken) => Tell(parsed, await Directory(database).SetAsync(parsed.GetValue(Id)!, Read(parsed), cancellationToken))));
        return set;
    }

    private static Command Show()
    {
        var show = new Command("show", "Show an event and what it went through") { Id };
        show.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            Tell(parsed, await Directory(database).GetAsync(parsed.GetValue(Id)!, cancellationToken));
            foreach (var step in parsed.GetValue(Output.Json) ? [] : await Directory(database).HistoryAsync(parsed.GetValue(Id)!, cancellationToken))
            {
                Console.Out.WriteLine($"  {step.At:u}  {step.State}: {step.Reason}");
            }
        }));
        return show;
    }

    private static Command List()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "Only those on this channel", Arity = ArgumentArity.ZeroOrOne };
        var state = new Option<string?>("--state") { Description = string.Join(", ", EventRules.States), HelpName = "STATE" };
        var from = new Option<string?>("--from") { Description = "Only those that end after it, such as 2030-01-31T00:00:00Z (now)", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "Only those that begin before it", HelpName = "TIME" };
        var series = new Option<string?>("--series") { Description = "Only the occurrences of this series", HelpName = "EVENT" };
        var limit = new Option<int>("--limit") { Description = $"How many, 1 to {EventRules.MaxPage} (50)", HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "Only those after this one, to read on", HelpName = "EVENT" };
        var list = new Command("list", "Show events by their start, those to come and those that are on") { channel, state, from, to, series, limit, after };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var since = Time(parsed, from)?.In(TimeZoneInfo.Utc) ?? (parsed.GetValue(state) is null ? TimeProvider.System.GetUtcNow() : null);
            var filter = new EventFilter(
                since, Time(parsed, to)?.In(TimeZoneInfo.Utc), parsed.GetValue(channel), parsed.GetValue(state), parsed.GetValue(series), parsed.GetValue(after), parsed.GetValue(limit));
            var found = await Directory(database).ListAsync(filter, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                var pages = Pages(parsed);
                Output.Line(found.Select(e => Row(e, pages)));
                return;
            }

            if (found.Count == 0)
            {
                Console.Out.WriteLine("There is no such event. Plan one: ./broadcast event create CHANNEL --title … --start … --end …");
                return;
            }

            var there = Pages(parsed);
            Output.Table(["id", "channel", "title", "start", "end", "state", "series", "page"], found.Select(e => new[]
            {
                e.Id, e.Channel, e.Title, Local(e, e.StartsAt), Local(e, e.EndsAt), EventRules.Name(e.State), e.Series ?? "", EventRules.PageOf(there, e.Id, e.Kind) ?? "",
            }));
        }));
        return list;
    }

    private static Command Delete()
    {
        var delete = new Command("delete", "Remove an event, or a series with its occurrences, as if it had never been; recordings stay") { Id };
        delete.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await Directory(database).DeleteAsync(parsed.GetValue(Id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { deleted = parsed.GetValue(Id) }, $"Event {parsed.GetValue(Id)} is deleted.");
        }));
        return delete;
    }

    private static Command Feed()
    {
        var channel = new Argument<string?>("CHANNEL") { Description = "The channel whose events it has; all without one", Arity = ArgumentArity.ZeroOrOne };
        var label = new Option<string?>("--label") { Description = "Whose it is" };
        var create = new Command("create", "Make an address that calendars subscribe to; it is shown this once") { channel, label };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var made = await new CalendarFeeds(database, TimeProvider.System).CreateAsync(parsed.GetValue(channel), parsed.GetValue(label) ?? "", cancellationToken);
            var address = Pages(parsed) + made.Path;
            ChannelCommand.Done(parsed, new { feed = made.Info.Id, address }, $"Calendar, its address shown only now:\n  {address}");
        }));

        var list = new Command("list", "Show all addresses, without their secrets");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var feeds = await new CalendarFeeds(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(feeds.Select(f => new { id = f.Id, channel = f.Channel, label = f.Label, createdAt = f.CreatedAt, lastUsedAt = f.LastUsedAt, revokedAt = f.RevokedAt }));
                return;
            }

            Output.Table(["id", "channel", "label", "made", "last read", "state"], feeds.Select(f => new[]
            {
                f.Id, f.Channel ?? "all", f.Label, $"{f.CreatedAt:u}", f.LastUsedAt is { } used ? $"{used:u}" : "never", f.RevokedAt is null ? "works" : "revoked",
            }));
        }));

        var id = new Argument<string>("FEED-ID") { Description = "As 'event feed list' shows it" };
        var revoke = new Command("revoke", "Take an address back") { id };
        revoke.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new CalendarFeeds(database, TimeProvider.System).RevokeAsync(parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { revoked = parsed.GetValue(id) }, $"Calendar feed {parsed.GetValue(id)} is read by nobody any more.");
        }));
        return new Command("feed", "Make, list and take back addresses that calendars subscribe to") { create, list, revoke };
    }

    private static Command Move(string name, string description, Func<EventDirectory, string, CancellationToken, Task<EventInfo>> move)
    {
        var command = new Command(name, description) { Id };
        command.SetAction(Store.Work(async (parsed, database, cancellationToken) => Tell(parsed, await move(Directory(database), parsed.GetValue(Id)!, cancellationToken))));
        return command;
    }

    private static Command With(Command command)
    {
        foreach (var option in Settings)
        {
            command.Options.Add(option);
        }

        command.Options.Add(Reminders);
        return command;
    }

    private static EventSettings Read(ParseResult parsed) => ChannelRules.AccessMistake(parsed.GetValue(Access), Store.Authorization(Output.Folder(parsed))) is { } mistake
        ? throw new ControlException([mistake])
        : new()
    {
        Access = parsed.GetValue(Access),
        Reminders = Minutes(Reminders.Name, parsed.GetValue(Reminders)),
        Title = parsed.GetValue(Title), Description = parsed.GetValue(Description), Poster = parsed.GetValue(Poster), Start = Time(parsed, Start), End = Time(parsed, End),
        TimeZone = parsed.GetValue(Zone), Recurrence = parsed.GetValue(Recurrence), Ladder = parsed.GetValue(Ladder), Latency = parsed.GetValue(Latency), Record = parsed.GetValue(Record),
        Announced = parsed.GetValue(Announced), StartMode = parsed.GetValue(StartMode), Preview = Length(parsed.GetValue(Preview)), Grace = Length(parsed.GetValue(Grace)), Overrun = parsed.GetValue(Overrun),
        NoShow = Length(parsed.GetValue(NoShow)),
    };

    private static EventTime? Time(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? null
        : EventTime.TryParse(text, out var time) ? time
        : throw new ControlException([new(option.Name, $"'{text}' is no time: write 2030-01-31T20:00 (on clocks of the event's time zone) or 2030-01-31T19:00:00Z.")]);

    private static TimeSpan? Length(double? seconds) =>
        seconds is { } given ? double.IsFinite(given) && Math.Abs(given) < 1e9 ? TimeSpan.FromSeconds(given) : TimeSpan.MaxValue : null;

    /// <summary>Reads minutes before a start.</summary>
    /// <exception cref="ControlException">They are none.</exception>
    internal static List<int>? Minutes(string option, string? text) => text is null ? null : text == "none" ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(m => int.TryParse(m, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ? minutes
            : throw new ControlException([new(option, $"'{m}' is no number of minutes: write 60,10 or none.")]))];

    private static void Tell(ParseResult parsed, EventInfo e)
    {
        if (parsed.GetValue(Output.Json))
        {
            Output.Line(Row(e, Pages(parsed)));
            return;
        }

        var page = EventRules.PageOf(Pages(parsed), e.Id, e.Kind);

        Console.Out.WriteLine($"""
            {(e.Kind == EventKind.Series ? "Series" : "Event")} {e.Id} on '{e.Channel}': {e.Title}
              Begins    {Local(e, e.StartsAt)} ({e.TimeZone})
              Ends      {Local(e, e.EndsAt)}{(e.Recurrence is { } rule ? $"\n  Recurs    {rule}" : "")}
              State     {EventRules.Name(e.State)}{(e.Reason.Length > 0 ? $": {e.Reason}" : "")}{(page is null ? "" : $"\n  Page      {page}{(e.IsAnnounced || e.WentLiveAt is not null ? "" : " (from when it is live)")}")}
            """);
    }

    private static object Row(EventInfo e, string pages) => new
    {
        id = e.Id, kind = EventRules.Name(e.Kind), series = e.Series, channel = e.Channel, title = e.Title, state = EventRules.Name(e.State), reason = e.Reason, startsAt = e.StartsAt, endsAt = e.EndsAt,
        timeZone = e.TimeZone, recurrence = e.Recurrence, isChanged = e.IsChanged, wentLiveAt = e.WentLiveAt, endedAt = e.EndedAt, lateSince = e.LateSince, access = e.Access ?? EventRules.OfChannel, sessions = e.Sessions, reminderMinutes = e.Reminders,
        pageUrl = EventRules.PageOf(pages, e.Id, e.Kind),
    };

    /// <summary>Where pages for viewers are.</summary>
    private static string Pages(ParseResult parsed)
    {
        var folder = Output.Folder(parsed);
        return ViewerAddressBook.Of(Store.Delivery(folder), RunningServer.Find(folder)?.Http ?? "http://YOUR-SERVER:8080").Pages;
    }

    private static string Local(EventInfo e, DateTimeOffset at) =>
        (WallClock.TryFind(e.TimeZone, out var zone) ? WallClock.ToWall(at, zone) : at.UtcDateTime).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static EventDirectory Directory(Database database) => new(database, TimeProvider.System);
}
