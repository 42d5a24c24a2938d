using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Broadcast.Chat;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Host.Commands;

/// <summary><c>chat …</c>: settings, moderation, polls, questions, statistics and exports of the chat of channels.</summary>
internal static class ChatCommand
{
    /// <summary>Channel of the chat.</summary>
    internal static readonly Argument<string> Channel = new("CHANNEL") { Description = "Name of the channel" };

    /// <summary>Session of the chat.</summary>
    internal static readonly Option<string?> Session = new("--session")
    {
        Description = "Session ID, from 'channel sessions' (the newest one with chat)", HelpName = "SESSION",
    };

    private static readonly Argument<string> Participant = new("PARTICIPANT")
    {
        Description = "Participant ID, from 'chat messages' or 'chat actions'",
    };

    private static readonly (string Name, Option<string?> Option)[] Switches =
    [
        ("enabled", Switch("--enabled", "Viewers can read and write messages")),
        ("membersOnly", Switch("--members-only", "Only users and viewers with a viewer token may write")),
        ("frozen", Switch("--frozen", "Only moderators may write")),
        ("holdAll", Switch("--hold-all", "Hold each message until a moderator approves it")),
        ("reactions", Switch("--reactions", "Viewers can send reactions")),
        ("questions", Switch("--questions", "Viewers can ask questions to the hosts")),
    ];

    public static Command Create() => new("chat", "Change, moderate, count and export the chat of channels")
    {
        Settings(), Filters(), Messages(), Actions(), ChatActionCommands.Remove(), ChatActionCommands.Approve(), ChatActionCommands.Deny(),
        ChatActionCommands.Timeout(), ChatActionCommands.Ban(), ChatActionCommands.Mute(), ChatActionCommands.Pin(),
        ChatActionCommands.Unpin(), ChatActionCommands.Announce(), ChatActionCommands.Undo(), ChatPollCommands.Poll(),
        ChatPollCommands.Question(), Statistics(), Export(), Erase(),
    };

    /// <summary>Runs a command on the chat of the channel in its arguments.</summary>
    internal static Func<ParseResult, CancellationToken, Task<int>> WithChat(
        Func<ParseResult, ChatTools, ChannelName, CancellationToken, Task> work) =>
        CommandDatabase.WithDatabase((parsed, database, cancellationToken) =>
        {
            var name = parsed.GetValue(Channel)!;
            return ChannelName.TryParse(name, out var channel)
                ? work(parsed, ChatModule.CreateTools(database, new ChangeLog(), TimeProvider.System), channel, cancellationToken)
                : throw OperationException.NoChannel(name);
        });

    /// <summary>Gets the session of a command line.</summary>
    /// <exception cref="OperationException">It is not the id of a session.</exception>
    internal static SessionId? SessionOf(ParseResult parsed) => parsed.GetValue(Session) switch
    {
        null => null,
        var text when SessionId.TryParse(text, out var session) => session,
        var text => throw new OperationException([new("session", $"'{text}' is not the ID of a session.")]),
    };

    /// <summary>Gets the value of an option that names a member of an enumeration.</summary>
    /// <exception cref="OperationException">There is no such member.</exception>
    internal static T? ValueOf<T>(string option, string? text)
        where T : struct, Enum =>
        text is null ? null
        : Names<T>().Contains(text, StringComparer.Ordinal) ? Enum.Parse<T>(text, ignoreCase: true)
        : throw new OperationException([new(option, $"'{option}' must be one of {string.Join(", ", Names<T>())}, not '{text}'.")]);

    /// <summary>Names of the members of an enumeration.</summary>
    internal static IReadOnlyList<string> Names<T>()
        where T : struct, Enum => [.. Enum.GetValues<T>().Select(Name)];

    /// <summary>Name of a member of an enumeration.</summary>
    internal static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static Command Settings()
    {
        var slow = new Option<int?>("--slow")
        {
            Description = $"Seconds between two messages of a participant, 0 to {ChatSettings.MaxSlowSeconds}; 0 for none",
            HelpName = "SECONDS",
        };
        var settings = new Command("settings", "Show the chat settings of a channel, or change those that are given") { Channel, slow };
        foreach (var (_, option) in Switches)
        {
            settings.Options.Add(option);
        }

        settings.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            bool? On(string name) => ChannelCommand.OnOff(Option(name).Name[2..], parsed.GetValue(Option(name)));
            var change = new ChatSettingsChange(On("enabled"))
            {
                SlowSeconds = parsed.GetValue(slow), MembersOnly = On("membersOnly"), Frozen = On("frozen"), HoldAll = On("holdAll"),
                Reactions = On("reactions"), Questions = On("questions"),
            };
            var found = change == new ChatSettingsChange() ? await chat.Settings.GetAsync(channel, cancellationToken)
                : await chat.Settings.ChangeAsync(channel, change, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(found);
                return;
            }

            CommandOutput.PrintTable(["setting", "value"],
            [
                ["enabled", Text(found.Enabled)], ["slow", found.SlowSeconds == 0 ? "off" : $"{found.SlowSeconds} s"],
                ["members-only", Text(found.MembersOnly)], ["frozen", Text(found.Frozen)], ["hold-all", Text(found.HoldAll)],
                ["reactions", Text(found.Reactions)], ["questions", Text(found.Questions)],
            ]);
        }));
        return settings;

        static Option<string?> Option(string name) => Switches.Single(known => known.Name == name).Option;
        static string Text(bool isOn) => isOn ? "on" : "off";
    }

    private static Command Filters()
    {
        var file = new Option<string?>("--set")
        {
            Description = "Replace the filters by those of a JSON file, in the form that this command prints; '-' reads standard input",
            HelpName = "FILE",
        };
        var filters = new Command("filters", "Show or replace the filters of words, links, repetitions and capitals, as JSON")
        {
            Channel, file,
        };
        filters.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var json = parsed.GetValue(file) is { } path
                ? await chat.Settings.SetFiltersAsync(channel, await ReadAsync(path, cancellationToken), cancellationToken)
                : await chat.Settings.GetFiltersAsync(channel, cancellationToken);
            using var document = JsonDocument.Parse(json);
            CommandOutput.PrintJson(document.RootElement);
        }));
        return filters;
    }

    private static Command Messages()
    {
        var participant = new Option<string?>("--participant") { Description = "Only messages of this participant", HelpName = "ID" };
        var state = new Option<string?>("--state")
        {
            Description = string.Join(", ", Names<ChatMessageState>()), HelpName = "STATE",
        };
        var before = new Option<string?>("--before") { Description = "Older messages than this one (paging)", HelpName = "SESSION/ID" };
        var limit = Limit("messages", ChatMessageFilter.MaxPage);
        var messages = new Command("messages", "List messages, newest first, with those that viewers do not see")
        {
            Channel, Session, participant, state, before, limit,
        };
        messages.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var found = await chat.Moderation.ListMessagesAsync(new(channel)
            {
                Session = SessionOf(parsed), Participant = parsed.GetValue(participant), Before = parsed.GetValue(before),
                State = ValueOf<ChatMessageState>("state", parsed.GetValue(state)), Limit = parsed.GetValue(limit),
            }, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(found.Select(message => new
                {
                    message.Session, message.Id, message.Participant, message.Name, message.Text, message.ReplyTo,
                    time = message.MediaTime, message.SentAt, state = Name(message.State), message.HeldBy,
                }));
                return;
            }

            CommandOutput.PrintTable(["session", "id", "participant", "name", "state", "sent", "text"], found.Select(message => new[]
            {
                message.Session, message.Id, message.Participant, message.Name, Name(message.State), $"{message.SentAt:u}", message.Text,
            }));
        }));
        return messages;
    }

    private static Command Actions()
    {
        var participant = new Option<string?>("--participant") { Description = "Only actions that concern this participant",
            HelpName = "ID" };
        var inEffect = new Option<bool>("--in-effect") { Description = "Only timeouts, bans and mutes that are in effect" };
        var before = new Option<string?>("--before") { Description = "Older actions than this one (paging)", HelpName = "ACTION" };
        var limit = Limit("actions", IChatModeration.MaxPage);
        var actions = new Command("actions", "List actions of moderators, newest first") { Channel, participant, inEffect, before, limit };
        actions.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var found = await chat.Moderation.ListActionsAsync(channel, parsed.GetValue(participant), parsed.GetValue(inEffect),
                parsed.GetValue(before), parsed.GetValue(limit), cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(found.Select(ChatActionCommands.Row));
                return;
            }

            CommandOutput.PrintTable(["id", "action", "participant", "name", "message", "moderator", "at", "until", "undone", "reason"],
                found.Select(action => new[]
                {
                    action.Id.Value, Name(action.Kind), action.Participant ?? "", action.Name ?? "", action.Message ?? "",
                    action.Moderator.Name, $"{action.At:u}", $"{action.EndsAt:u}", $"{action.UndoneAt:u}", action.Reason,
                }));
        }));
        return actions;
    }

    private static Command Statistics()
    {
        var statistics = new Command("statistics", "Count messages, participants, votes and actions of a session") { Channel, Session };
        statistics.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var found = await chat.Reports.GetStatisticsAsync(channel, SessionOf(parsed), cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(new
                {
                    found.Session, found.Participants, messages = ByName(found.Messages), found.Announcements, found.Minutes,
                    found.BusiestMinute, found.MostActive, found.Reactions, questions = ByName(found.Questions), found.Polls,
                    found.PollVotes, actions = ByName(found.Actions),
                });
                return;
            }

            List<string[]> rows =
            [
                ["session", found.Session ?? "none"], ["participants", Text(found.Participants)],
                .. found.Messages.OrderBy(count => count.Key).Select(count => new[] { $"messages {Name(count.Key)}", Text(count.Value) }),
                ["announcements", Text(found.Announcements)],
                ["busiest minute", found.BusiestMinute is { } busiest ? $"{busiest.Minute:u}: {Text(busiest.Messages)} messages" : ""],
                .. found.Reactions.Select(count => new[] { $"reactions {count.Key}", Text(count.Value) }),
                .. found.Questions.OrderBy(count => count.Key).Select(count => new[] { $"questions {Name(count.Key)}", Text(count.Value) }),
                ["polls", Text(found.Polls)], ["votes in polls", Text(found.PollVotes)],
                .. found.Actions.OrderBy(count => count.Key).Select(count => new[] { $"actions {Name(count.Key)}", Text(count.Value) }),
                .. found.MostActive.Select(count => new[] { $"messages of {count.Name} ({count.Participant})", Text(count.Messages) }),
            ];
            CommandOutput.PrintTable(["figure", "value"], rows);
        }));
        return statistics;

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
        static Dictionary<string, long> ByName<T>(IReadOnlyDictionary<T, long> counts)
            where T : struct, Enum => counts.ToDictionary(count => Name(count.Key), count => count.Value, StringComparer.Ordinal);
    }

    private static Command Export()
    {
        var output = new Option<string?>("--output") { Description = "Write to this file, which must not exist", HelpName = "FILE" };
        var export = new Command("export", "Export everything that is stored about a participant, as JSON")
        {
            Channel, Participant, output,
        };
        export.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            Stream? opened = null;
            try
            {
                await chat.Reports.ExportAsync(channel, parsed.GetValue(Participant)!, () => opened = Open(parsed.GetValue(output)),
                    cancellationToken);
            }
            finally
            {
                if (opened is not null)
                {
                    await opened.DisposeAsync();
                }
            }

            if (parsed.GetValue(output) is { } file)
            {
                ChannelCommand.Report(parsed, new { exported = file }, $"Exported to {file}.");
            }
            else
            {
                Console.Out.WriteLine();
            }
        }));
        return export;

        static Stream Open(string? file)
        {
            try
            {
                return file is null ? Console.OpenStandardOutput() : new FileStream(file, FileMode.CreateNew);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OperationException([new("output", $"{file} cannot be created: {e.Message}")]);
            }
        }
    }

    private static Command Erase()
    {
        var erase = new Command("erase",
            "Delete messages, questions and votes of a participant for good, also from replays and from the lists of moderators")
        {
            Channel, Participant,
        };
        erase.SetAction(WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var messages = await chat.Moderation.EraseAsync(channel, parsed.GetValue(Participant)!, cancellationToken);
            ChannelCommand.Report(parsed, new { messages }, messages == 1 ? "1 message deleted." : $"{messages} messages deleted.");
        }));
        return erase;
    }

    private static Option<string?> Switch(string name, string description) => new(name)
    {
        Description = $"{description}: on or off", HelpName = "ON|OFF",
    };

    private static Option<int> Limit(string what, int max) => new("--limit")
    {
        Description = $"Maximum number of {what}, 1 to {max} (50)", HelpName = "COUNT", DefaultValueFactory = _ => 50,
    };

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        const int MaxBytes = 512 * 1024;
        try
        {
            await using var stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            using var buffer = new MemoryStream();
            var chunk = new byte[16 * 1024];
            while (await stream.ReadAsync(chunk, cancellationToken) is var read and > 0)
            {
                buffer.Write(chunk, 0, read);
                if (buffer.Length > MaxBytes)
                {
                    throw new OperationException([new("set", $"The filters have more than {MaxBytes / 1024} KiB.")]);
                }
            }

            return buffer.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperationException([new("set", $"{path} cannot be read: {e.Message}")]);
        }
    }
}
