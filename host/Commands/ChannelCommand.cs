using System.CommandLine;
using System.Globalization;
using Broadcast.Chat.Settings;
using Broadcast.Control;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Sessions;
using Broadcast.Control.Slates;
using Broadcast.Control.ViewerCounting;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Ladders;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder;

namespace Broadcast.Host.Commands;

/// <summary><c>channel create|set|list|show|sessions|end|delete</c>.</summary>
internal static class ChannelCommand
{
    private static readonly Option<string?> Title = new("--title") { Description = "Display name" };

    private static readonly Option<string?> Ladder = new("--ladder")
    {
        Description =
            $"{string.Join(", ", ChannelRules.Ladders)} ({ChannelRules.DefaultLadder}), or up to {LadderSpec.MaxRungs} custom rungs, "
            + $"such as {ChannelRules.CustomLadderExample}", HelpName = "LADDER",
    };

    private static readonly Option<string?> Latency =
        new("--latency") { Description = $"{string.Join(", ", ChannelRules.Latencies)} ({ChannelRules.DefaultLatency})",
            HelpName = "NAME" };

    private static readonly Option<double?> ReconnectWindow = new("--reconnect-window")
    {
        Description =
            $"Seconds that a session waits for its encoder to reconnect ({ChannelRules.DefaultReconnectWindow.TotalSeconds:0}; 0: end "
            + "the session at once)", HelpName = "SECONDS",
    };

    private static readonly Option<string?> Takeover = new("--takeover")
    {
        Description =
            $"When a new encoder replaces the current one: silent (after input loss) or newest (at once) ({ChannelRules.DefaultTakeover})",
        HelpName = "POLICY",
    };

    private static readonly Option<double?> TakeoverAfter = new("--takeover-after")
    {
        Description = "Seconds of input loss after which an encoder can be replaced, 1 to 600 (0: use Control:TakeoverAfter)",
        HelpName = "SECONDS",
    };

    private static readonly Option<string?> Access = new("--access")
    {
        Description =
            "Access policy: public, token (viewer token required) or webhook (Authorization:ViewerUrl decides) "
            + $"({ChannelRules.DefaultAccess})", HelpName = "POLICY",
    };

    private static readonly Option<string?> DvrWindow = new("--dvr-window")
    {
        Description =
            "DVR window, how far viewers can seek back: off, all (the whole session), or 1m to 14d, such as 30m, 12h or 7d "
            + $"({ChannelRules.DefaultDvrWindow})", HelpName = "TIME",
    };

    private static readonly Option<string?> Record =
        new("--record") { Description = "Record sessions for playback on demand: on or off (on)", HelpName = "ON|OFF" };

    private static readonly Option<string?> RetentionOption = new("--retention")
    {
        Description =
            $"How long to retain recordings after their session: forever, or 1h to 3650d, such as 12h or 30d ({Retention.Forever})",
        HelpName = "TIME",
    };

    private static readonly Option<string?> Reminders = new("--reminders")
    {
        Description = "Reminder webhooks of new events, in minutes before the start, separated by commas, such as 60,10; or none (none)",
        HelpName = "MINUTES",
    };

    private static readonly Option<string?> AnnounceEvents =
        new("--announce-events") { Description = "Announce new events to viewers before they start: on or off (on)", HelpName = "ON|OFF" };

    private static readonly Option<string?> AudioLanguages = new("--audio-languages")
    {
        Description =
            "Languages of the encoder's audio tracks, in order, if the encoder does not send them, such as en,de; und for unknown; or "
            + "none (none)", HelpName = "TAGS",
    };

    private static readonly Option<string?> Chat = new("--chat") { Description = "Chat of viewers: on or off (off)", HelpName = "ON|OFF" };

    private static readonly Option<string?> Slate = new("--slate")
    {
        Description = "PNG or JPEG image or MP4 video to show during input loss; 'none' for the server's default", HelpName = "FILE",
    };

    /// <summary>A running server receives the request at once and records the end in a moment.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "Channel name, used in URLs: a-z, 0-9 and -" };
        var create = new Command("create", "Create a channel and print its stream key, which is shown only once") { name, Title, Ladder,
            Latency, ReconnectWindow, Takeover, TakeoverAfter, Access, DvrWindow, Record, RetentionOption, Reminders, AnnounceEvents,
                AudioLanguages };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var created = await new ChannelRepository(database, TimeProvider.System).CreateAsync(parsed.GetValue(name)!, Settings(parsed),
                cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(new { channel = created.Channel.Name, streamKey = created.Key.StreamKey });
                return;
            }

            var server = DataFolderLock.Find(CommandOutput.DataFolderOf(parsed))
                ?.WithPublicUrl(CommandDatabase.PublicUrl(CommandOutput.DataFolderOf(parsed)));
            Console.Out.WriteLine($"""
                Channel '{created.Channel.Name}' created.
                  Server      {server?.Rtmp ?? "rtmp://YOUR-SERVER:1935"}/live
                  Stream key  {created.Key.StreamKey}
                              (shown only once; replace it with 'key rotate {created.Channel.Name}')
                  Watch       {server?.Http ?? "http://YOUR-SERVER:8080"}/watch/{created.Channel.Name}
                """);
        }));

        var set = new Command("set", "Change a channel. Options not given stay unchanged; a running session keeps its settings") { name,
            Title, Ladder, Latency, ReconnectWindow, Takeover, TakeoverAfter, Access, DvrWindow, Record, RetentionOption, Reminders,
                AnnounceEvents, AudioLanguages, Slate, Chat };
        set.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var changed = await new ChannelRepository(database, TimeProvider.System).SetAsync(parsed.GetValue(name)!, Settings(parsed),
                cancellationToken);
            await SetSlateAsync(parsed, database, changed.Name, cancellationToken);
            await SetChatAsync(parsed, database, changed.Name, cancellationToken);
            await ShowAsync(parsed, database, [changed], single: true, cancellationToken);
        }));

        var list = new Command("list", "List all channels");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            await ShowAsync(parsed, database, await new ChannelRepository(database, TimeProvider.System).ListAsync(cancellationToken),
                single: false, cancellationToken)));

        var delete = new Command("delete", "Delete a channel with its keys and media, and disconnect its encoder") { name };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new ChannelRepository(database, TimeProvider.System).DeleteAsync(parsed.GetValue(name)!, cancellationToken);
            Report(parsed, new { deleted = parsed.GetValue(name) }, $"Channel '{parsed.GetValue(name)}' deleted.");
        }));
        return new Command("channel", "Manage channels, and end their sessions") { create, set, list, ShowOne(name), Sessions(name),
            End(name), delete };
    }

    private static Command ShowOne(Argument<string> name)
    {
        var show = new Command("show", "Show a channel") { name };
        show.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            await ShowAsync(parsed, database,
                [await new ChannelRepository(database, TimeProvider.System).GetAsync(parsed.GetValue(name)!, cancellationToken)],
                single: true, cancellationToken)));
        return show;
    }

    private static async Task ShowAsync(ParseResult parsed, ServerDatabase database, IReadOnlyList<ChannelInfo> channels, bool single,
        CancellationToken cancellationToken) =>
        Show(parsed, channels, await new ChannelViewerCounts(database).ReadAsync(cancellationToken),
            await new ChatSettingsStore(database, new ChangeLog(), TimeProvider.System).ListEnabledAsync(cancellationToken), single);

    private static async Task SetChatAsync(ParseResult parsed, ServerDatabase database, string channel,
        CancellationToken cancellationToken)
    {
        if (OnOff("chat", parsed.GetValue(Chat)) is not { } isOn)
        {
            return;
        }

        await new ChatSettingsStore(database, new ChangeLog(), TimeProvider.System).ChangeAsync(ChannelName.Parse(channel), new(isOn),
            cancellationToken);
    }

    private static Command Sessions(Argument<string> name)
    {
        var limit = new Option<int>("--limit") { Description = $"Maximum number of sessions, 1 to {SessionHistory.MaxPage} (50)",
            HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<string?>("--before") { Description = "List sessions older than this one (paging)", HelpName = "SESSION" };
        var sessions = new Command("sessions", "List a channel's sessions, newest first") { name, limit, before };
        sessions.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var beforeSession = parsed.GetValue(before) is { } id ? SessionId.Parse(id) : (SessionId?)null;
            var found = await new SessionHistory(database).ListAsync(parsed.GetValue(name)!, parsed.GetValue(limit), beforeSession,
                cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(found.Select(s => new
                {
                    session = s.Id, epoch = s.Epoch, latency = s.Latency, startedAt = s.StartedAt,
                    lastPublicationEndedAt = s.LastPublicationEndedAt, endedAt = s.EndedAt, endReason = s.EndReason,
                    peakViewers = s.PeakViewers,
                }));
                return;
            }

            CommandOutput.PrintTable(["session", "started", "ended", "reason", "latency", "peak viewers"], found.Select(s => new[]
            {
                s.Id, $"{s.StartedAt:u}", s.EndedAt is { } end ? $"{end:u}" : "running", s.EndReason ?? "", s.Latency, Count(s.PeakViewers),
            }));
        }));
        return sessions;
    }

    private static Command End(Argument<string> name)
    {
        var end = new Command("end", "End a channel's session and disconnect its encoder; requires a running server") { name };
        end.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var (endRequests, channel) = (new SessionEndRequests(database, TimeProvider.System), parsed.GetValue(name)!);
            if (await endRequests.RequestAsync(channel, cancellationToken) is not { } session)
            {
                Report(parsed, new { session = (string?)null }, $"Channel '{channel}' has no open session.");
                return;
            }

            if (!await endRequests.WaitAsync(session, EndTimeout, cancellationToken))
            {
                throw new StartException(
                    $"Session {session.Value} of '{channel}' did not end within {EndTimeout.TotalSeconds:0} s. Check that a server is "
                    + "running on this database and can reach it, see its log, and try again.");
            }

            Report(parsed, new { session = session.Value }, $"Session {session.Value} of '{channel}' ended.");
        }));
        return end;
    }

    /// <summary>Reports a completed change as text or JSON.</summary>
    internal static void Report(ParseResult parsed, object json, string text)
    {
        if (parsed.GetValue(CommandOutput.Json))
        {
            CommandOutput.PrintJson(json);
        }
        else
        {
            Console.Out.WriteLine(text);
        }
    }

    private static async Task SetSlateAsync(ParseResult parsed, ServerDatabase database, string channel,
        CancellationToken cancellationToken)
    {
        if (parsed.GetValue(Slate) is not { } file)
        {
            return;
        }

        var slates = new ChannelSlates(database, TimeProvider.System);
        if (file == "none")
        {
            await slates.DeleteAsync(channel, cancellationToken);
            return;
        }

        if (!File.Exists(file) || new FileInfo(file).Length > SlateMedia.MaxBytes)
        {
            throw new OperationException(
                [new("slate", File.Exists(file) ? $"'{file}' is larger than {SlateMedia.MaxBytes} bytes." : $"File not found: '{file}'.")]);
        }

        var bytes = await File.ReadAllBytesAsync(file, cancellationToken);
        var validator = TranscoderModule.CreateSlateValidator(CommandDatabase.Encoding(CommandOutput.DataFolderOf(parsed)),
            TimeProvider.System);
        if (await validator.ValidateAsync(new ChannelSlate(bytes, ChannelSlates.Check(bytes)), cancellationToken) is { } error)
        {
            throw new OperationException([new("slate", error)]);
        }

        await slates.SetAsync(channel, bytes, cancellationToken);
    }

    private static ChannelSettings Settings(ParseResult parsed) =>
        ChannelRules.ValidateAccess(parsed.GetValue(Access), CommandDatabase.Authorization(CommandOutput.DataFolderOf(parsed))) is { } error
        ? throw new OperationException([error])
        : new(
        parsed.GetValue(Title), parsed.GetValue(Ladder), parsed.GetValue(Latency), Time(parsed.GetValue(ReconnectWindow)),
        parsed.GetValue(Takeover), Time(parsed.GetValue(TakeoverAfter)))
    {
        Access = parsed.GetValue(Access),
        DvrWindow = parsed.GetValue(DvrWindow),
        Record = OnOff("record", parsed.GetValue(Record)),
        Reminders = EventCommand.Minutes(Reminders.Name, parsed.GetValue(Reminders)),
        AnnouncesEvents = OnOff("announce-events", parsed.GetValue(AnnounceEvents)),
        Retention = parsed.GetValue(RetentionOption),
        AudioLanguages = parsed.GetValue(AudioLanguages) switch { null => null, "" or "none" => [],
            var tags => [.. tags.Split(',', StringSplitOptions.TrimEntries)] },
    };

    internal static bool? OnOff(string option, string? text) => text switch
    {
        null => null,
        "on" => true,
        "off" => false,
        _ => throw new OperationException([new(option, $"--{option} must be 'on' or 'off', not '{text}'.")]),
    };

    private static TimeSpan? Time(double? seconds) =>
        seconds is { } given ? double.IsFinite(given) && Math.Abs(given) < 1e9 ? TimeSpan.FromSeconds(given) : TimeSpan.MaxValue : null;

    private static string Count(long viewers) => viewers.ToString(CultureInfo.InvariantCulture);

    private static void Show(ParseResult parsed, IReadOnlyList<ChannelInfo> channels,
        IReadOnlyDictionary<string, ChannelViewerCount> viewerCounts, IReadOnlySet<string> chats, bool single)
    {
        if (parsed.GetValue(CommandOutput.Json))
        {
            var rows = channels.Select(c => new
            {
                channel = c.Name, title = c.Title, ladder = c.Ladder, latency = c.Latency, reconnectWindow = c.ReconnectWindow.TotalSeconds,
                takeover = c.Takeover, takeoverAfter = c.TakeoverAfter.TotalSeconds, dvrWindow = c.DvrWindow, record = c.Record,
                retention = c.Retention, access = c.Access, createdAt = c.CreatedAt,
                reminderMinutes = c.Reminders, announceEvents = c.AnnouncesEvents, audioLanguages = c.AudioLanguages,
                chat = chats.Contains(c.Name),
                viewers = viewerCounts.GetValueOrDefault(c.Name).Viewers, peakViewers = viewerCounts.GetValueOrDefault(c.Name).PeakViewers,
            }).ToList();
            CommandOutput.PrintJson(single ? rows[0] : rows);
        }
        else if (channels.Count == 0)
        {
            Console.Out.WriteLine("No channels exist. Create one: ./broadcast channel create NAME");
        }
        else
        {
            CommandOutput.PrintTable(
                ["name", "title", "ladder", "latency", "reconnect window", "takeover", "access", "DVR window", "record", "viewers", "peak"],
                channels.Select(c => new[]
                {
                    c.Name, c.Title, c.Ladder, c.Latency, $"{c.ReconnectWindow.TotalSeconds:0.###} s",
                    c.TakeoverAfter == TimeSpan.Zero ? c.Takeover : $"{c.Takeover}, {c.TakeoverAfter.TotalSeconds:0} s",
                    c.Access,
                    c.DvrWindow,
                    c.Record ? c.Retention : "off",
                    Count(viewerCounts.GetValueOrDefault(c.Name).Viewers),
                    Count(viewerCounts.GetValueOrDefault(c.Name).PeakViewers),
                }));
        }
    }
}
