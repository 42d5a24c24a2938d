using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Transcoder;

namespace Broadcast.Host.Commands;

/// <summary><c>channel create|set|list|show|sessions|end|delete</c>.</summary>
internal static class ChannelCommand
{
    private static readonly Option<string?> Title = new("--title") { Description = "What people see as its name" };

    private static readonly Option<string?> Ladder = new("--ladder")
    {
        Description = $"{string.Join(", ", ChannelRules.Ladders)} ({ChannelRules.DefaultLadder}), or up to {WantedLadder.MaxRungs} rungs such as {ChannelRules.OwnLadder}", HelpName = "LADDER",
    };

    private static readonly Option<string?> Latency = new("--latency") { Description = $"{string.Join(", ", ChannelRules.Latencies)} ({ChannelRules.DefaultLatency})", HelpName = "NAME" };

    private static readonly Option<double?> Window = new("--reconnect-window")
    {
        Description = $"Seconds that a session waits for its encoder to come back ({ChannelRules.DefaultReconnectWindow.TotalSeconds:0}; 0 ends it at once)", HelpName = "SECONDS",
    };

    private static readonly Option<string?> Takeover = new("--takeover")
    {
        Description = $"What an encoder does to one that publishes already: silent (takes its place once it has been silent for a while) or newest (at once) ({ChannelRules.DefaultTakeover})",
        HelpName = "POLICY",
    };

    private static readonly Option<double?> TakeoverAfter = new("--takeover-after")
    {
        Description = "Seconds of silence after which an encoder gives way, 1 to 600 (0: what Control:TakeoverAfter says)", HelpName = "SECONDS",
    };

    private static readonly Option<string?> Access = new("--access")
    {
        Description = $"Who may watch: public, token (who has a link of 'viewer create') or webhook (whom Authorization:ViewerUrl lets in) ({ChannelRules.DefaultAccess})", HelpName = "WHO",
    };

    private static readonly Option<string?> Rewind = new("--rewind")
    {
        Description = $"How far back viewers can go: off, all (the whole session, an event), or 1m to 14d, such as 30m, 12h or 7d ({ChannelRules.DefaultRewind})", HelpName = "TIME",
    };

    private static readonly Option<string?> Record = new("--record") { Description = "Whether its sessions are kept for replay: on or off (on)", HelpName = "ON|OFF" };

    private static readonly Option<string?> Keep = new("--retention")
    {
        Description = $"How long recordings are kept after their session has ended: forever, or 1h to 3650d, such as 12h or 30d ({Retention.Forever})", HelpName = "TIME",
    };

    private static readonly Option<string?> Reminders = new("--reminders")
    {
        Description = "Minutes before the start of a new event at which webhooks are reminded of it, with commas between, such as 60,10; or none (none)", HelpName = "MINUTES",
    };

    private static readonly Option<string?> AnnounceEvents = new("--announce-events") { Description = "Whether viewers are told of a new event before it is on: on or off (on)", HelpName = "ON|OFF" };

    private static readonly Option<string?> AudioLanguages = new("--audio-languages")
    {
        Description = "Languages of the encoder's tracks of sound, where it does not say them, in their order, such as en,de; und for one that is not told; none for none of them (none)", HelpName = "TAGS",
    };

    private static readonly Option<string?> Slate = new("--slate")
    {
        Description = "A PNG or JPEG picture, or an MP4 clip, that viewers see while the channel waits for its encoder; 'none' for the server's", HelpName = "FILE",
    };

    /// <summary>A server that runs hears of it at once, and writes it down in a moment.</summary>
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(10);

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "The channel's name in URLs: a-z, 0-9 and -" };
        var create = new Command("create", "Make a channel and print its stream key, which is shown this once") { name, Title, Ladder, Latency, Window, Takeover, TakeoverAfter, Access, Rewind, Record, Keep, Reminders, AnnounceEvents, AudioLanguages };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var made = await new ChannelDirectory(database, TimeProvider.System).CreateAsync(parsed.GetValue(name)!, Settings(parsed), cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(new { channel = made.Channel.Name, streamKey = made.Key.StreamKey });
                return;
            }

            var server = RunningServer.Find(Output.Folder(parsed))?.At(Store.PublicUrl(Output.Folder(parsed)));
            Console.Out.WriteLine($"""
                Channel '{made.Channel.Name}' is there.
                  Server      {server?.Rtmp ?? "rtmp://YOUR-SERVER:1935"}/live
                  Stream key  {made.Key.StreamKey}
                              (shown only now; 'key rotate {made.Channel.Name}' makes a new one)
                  Watch       {server?.Http ?? "http://YOUR-SERVER:8080"}/watch/{made.Channel.Name}
                """);
        }));

        var set = new Command("set", "Change a channel; what is not named stays. A running session goes on as it began") { name, Title, Ladder, Latency, Window, Takeover, TakeoverAfter, Access, Rewind, Record, Keep, Reminders, AnnounceEvents, AudioLanguages, Slate };
        set.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var changed = await new ChannelDirectory(database, TimeProvider.System).SetAsync(parsed.GetValue(name)!, Settings(parsed), cancellationToken);
            await SetSlateAsync(parsed, database, changed.Name, cancellationToken);
            Show(parsed, [changed], await AudiencesAsync(database, cancellationToken), single: true);
        }));

        var list = new Command("list", "Show all channels");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
            Show(parsed, await new ChannelDirectory(database, TimeProvider.System).ListAsync(cancellationToken), await AudiencesAsync(database, cancellationToken), single: false)));

        var delete = new Command("delete", "Delete a channel, its keys and what can be watched on it; an encoder on it is sent away") { name };
        delete.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new ChannelDirectory(database, TimeProvider.System).DeleteAsync(parsed.GetValue(name)!, cancellationToken);
            Done(parsed, new { deleted = parsed.GetValue(name) }, $"Channel '{parsed.GetValue(name)}' is deleted.");
        }));
        return new Command("channel", "Make, change, list and delete channels, and end their sessions") { create, set, list, ShowOne(name), Sessions(name), End(name), delete };
    }

    private static Command ShowOne(Argument<string> name)
    {
        var show = new Command("show", "Show one channel") { name };
        show.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
            Show(
                parsed,
                [await new ChannelDirectory(database, TimeProvider.System).GetAsync(parsed.GetValue(name)!, cancellationToken)],
                await AudiencesAsync(database, cancellationToken),
                single: true)));
        return show;
    }

    private static Task<IReadOnlyDictionary<string, ChannelAudience>> AudiencesAsync(Database database, CancellationToken cancellationToken) =>
        new ChannelAudiences(database).ReadAsync(cancellationToken);

    private static Command Sessions(Argument<string> name)
    {
        var limit = new Option<int>("--limit") { Description = $"How many, 1 to {SessionHistory.MaxPage} (50)", HelpName = "COUNT", DefaultValueFactory = _ => 50 };
        var before = new Option<string?>("--before") { Description = "Only those older than this one, to read on", HelpName = "SESSION" };
        var sessions = new Command("sessions", "Show a channel's sessions, newest first") { name, limit, before };
        sessions.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var reached = parsed.GetValue(before) is { } id ? SessionId.Parse(id) : (SessionId?)null;
            var found = await new SessionHistory(database).ListAsync(parsed.GetValue(name)!, parsed.GetValue(limit), reached, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(found.Select(s => new
                {
                    session = s.Id, epoch = s.Epoch, latency = s.Latency, startedAt = s.StartedAt, lastPublicationEndedAt = s.LastPublicationEndedAt, endedAt = s.EndedAt, endReason = s.EndReason,
                    peakViewers = s.PeakViewers,
                }));
                return;
            }

            Output.Table(["session", "began", "ended", "reason", "latency", "peak viewers"], found.Select(s => new[]
            {
                s.Id, $"{s.StartedAt:u}", s.EndedAt is { } end ? $"{end:u}" : "goes on", s.EndReason ?? "", s.Latency, Count(s.PeakViewers),
            }));
        }));
        return sessions;
    }

    private static Command End(Argument<string> name)
    {
        var end = new Command("end", "End a channel's session now and send its encoder away; a running server does it") { name };
        end.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var (ends, channel) = (new SessionEndRequests(database, TimeProvider.System), parsed.GetValue(name)!);
            if (await ends.AskAsync(channel, cancellationToken) is not { } session)
            {
                Done(parsed, new { session = (string?)null }, $"No session of '{channel}' is open.");
                return;
            }

            if (!await ends.WaitAsync(session, EndWithin, cancellationToken))
            {
                throw new StartException(
                    $"Session {session.Value} of '{channel}' was to end, and is not written down as ended after {EndWithin.TotalSeconds:0} s. Is a server running on this database, and can it reach it? Look into its log, and try again.");
            }

            Done(parsed, new { session = session.Value }, $"Session {session.Value} of '{channel}' is over.");
        }));
        return end;
    }

    /// <summary>Says that something was done, as text or JSON.</summary>
    internal static void Done(ParseResult parsed, object json, string text)
    {
        if (parsed.GetValue(Output.Json))
        {
            Output.Line(json);
        }
        else
        {
            Console.Out.WriteLine(text);
        }
    }

    private static async Task SetSlateAsync(ParseResult parsed, Database database, string channel, CancellationToken cancellationToken)
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
            throw new ControlException([new("slate", File.Exists(file) ? $"'{file}' has more than {SlateMedia.MaxBytes} bytes." : $"There is no file '{file}'.")]);
        }

        var bytes = await File.ReadAllBytesAsync(file, cancellationToken);
        var proof = TranscoderModule.SlateProof(Store.Encoding(Output.Folder(parsed)), TimeProvider.System);
        if (SlateMedia.TypeOf(bytes) is { } type && await proof.RefusalAsync(new ChannelSlate(bytes, type == SlateMedia.Mp4), cancellationToken) is { } refusal)
        {
            throw new ControlException([new("slate", refusal)]);
        }

        await slates.SetAsync(channel, bytes, cancellationToken);
    }

    private static ChannelSettings Settings(ParseResult parsed) => ChannelRules.AccessMistake(parsed.GetValue(Access), Store.Authorization(Output.Folder(parsed))) is { } mistake
        ? throw new ControlException([mistake])
        : new(
        parsed.GetValue(Title), parsed.GetValue(Ladder), parsed.GetValue(Latency), Time(parsed.GetValue(Window)), parsed.GetValue(Takeover), Time(parsed.GetValue(TakeoverAfter)))
    {
        Access = parsed.GetValue(Access),
        Rewind = parsed.GetValue(Rewind),
        Record = OnOff("record", parsed.GetValue(Record)),
        Reminders = EventCommand.Minutes(Reminders.Name, parsed.GetValue(Reminders)),
        AnnouncesEvents = OnOff("announce-events", parsed.GetValue(AnnounceEvents)),
        Retention = parsed.GetValue(Keep),
        AudioLanguages = parsed.GetValue(AudioLanguages) switch { null => null, "" or "none" => [], var tags => [.. tags.Split(',', StringSplitOptions.TrimEntries)] },
    };

    private static bool? OnOff(string option, string? text) => text switch
    {
        null => null,
        "on" => true,
        "off" => false,
        _ => throw new ControlException([new(option, $"--{option} is 'on' or 'off', not '{text}'.")]),
    };

    private static TimeSpan? Time(double? seconds) =>
        seconds is { } given ? double.IsFinite(given) && Math.Abs(given) < 1e9 ? TimeSpan.FromSeconds(given) : TimeSpan.MaxValue : null;

    private static string Count(long viewers) => viewers.ToString(CultureInfo.InvariantCulture);

    private static void Show(ParseResult parsed, IReadOnlyList<ChannelInfo> channels, IReadOnlyDictionary<string, ChannelAudience> audiences, bool single)
    {
        if (parsed.GetValue(Output.Json))
        {
            var rows = channels.Select(c => new
            {
                channel = c.Name, title = c.Title, ladder = c.Ladder, latency = c.Latency, reconnectWindow = c.ReconnectWindow.TotalSeconds,
                takeover = c.Takeover, takeoverAfter = c.TakeoverAfter.TotalSeconds, rewind = c.Rewind, record = c.Record, retention = c.Retention, access = c.Access, createdAt = c.CreatedAt,
                reminderMinutes = c.Reminders, announceEvents = c.AnnouncesEvents, audioLanguages = c.AudioLanguages,
                viewers = audiences.GetValueOrDefault(c.Name).Viewers, peakViewers = audiences.GetValueOrDefault(c.Name).PeakViewers,
            }).ToList();
            Output.Line(single ? rows[0] : rows);
        }
        else if (channels.Count == 0)
        {
            Console.Out.WriteLine("There is no channel yet. Make one: ./broadcast channel create NAME");
        }
        else
        {
            Output.Table(
                ["name", "title", "ladder", "latency", "reconnect window", "takeover", "access", "rewind", "record", "viewers", "peak"],
                channels.Select(c => new[]
                {
                    c.Name, c.Title, c.Ladder, c.Latency, $"{c.ReconnectWindow.TotalSeconds:0.###} s",
                    c.TakeoverAfter == TimeSpan.Zero ? c.Takeover : $"{c.Takeover}, {c.TakeoverAfter.TotalSeconds:0} s",
                    c.Access,
                    c.Rewind,
                    c.Record ? c.Retention : "off",
                    Count(audiences.GetValueOrDefault(c.Name).Viewers),
                    Count(audiences.GetValueOrDefault(c.Name).PeakViewers),
                }));
        }
    }
}
