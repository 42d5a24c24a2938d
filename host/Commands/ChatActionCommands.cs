using System.CommandLine;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Host.Commands;

/// <summary><c>chat remove|approve|deny|timeout|ban|mute|pin|unpin|announce|undo</c>: actions of moderators.</summary>
internal static class ChatActionCommands
{
    private static readonly Argument<string> Message = new("MESSAGE") { Description = "Message ID, from 'chat messages', such as 58-0" };

    private static readonly Option<string?> MessageOption = new("--message")
    {
        Description = "Message whose sender is meant", HelpName = "ID",
    };

    private static readonly Option<string?> Participant = new("--participant")
    {
        Description = "Participant ID, instead of --message", HelpName = "ID",
    };

    private static readonly Option<string?> Duration = new("--duration")
    {
        Description = "Duration: 90s, 10m, 2h or 7d", HelpName = "TIME",
    };

    private static readonly Option<string?> Reason = new("--reason")
    {
        Description = $"Reason for other moderators, up to {ChatActionRequest.MaxReason} characters", HelpName = "TEXT",
    };

    public static Command Remove() => OfMessage("remove", "Remove a message", ChatActionKind.Remove);

    public static Command Approve() => OfMessage("approve", "Show a message that waits for review", ChatActionKind.Approve);

    public static Command Deny() => OfMessage("deny", "Decide that a message that waits for review is not shown", ChatActionKind.Deny);

    public static Command Pin() => OfMessage("pin", "Show a message above the others until another one is pinned", ChatActionKind.Pin);

    public static Command Timeout() => OfParticipant("timeout",
        "Remove the messages of a participant, who cannot write for a time (--duration)", ChatActionKind.Timeout);

    public static Command Ban()
    {
        var network = new Option<bool>("--network")
        {
            Description = "Ban the network of --message, too, until the end of the next day",
        };
        var ban = OfParticipant("ban", "Remove the messages of a participant, who can no longer write", ChatActionKind.Ban, network);
        ban.Options.Add(network);
        return ban;
    }

    public static Command Mute() => OfParticipant("mute",
        "Hide further messages of a participant from everybody else. The participant does not notice", ChatActionKind.Mute);

    public static Command Unpin()
    {
        var unpin = new Command("unpin", "No longer show the pinned message") { ChatCommand.Channel, Reason };
        unpin.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, await chat.Moderation.ActAsync(Request(parsed, channel, ChatActionKind.Unpin), cancellationToken))));
        return unpin;
    }

    public static Command Announce()
    {
        var text = new Argument<string>("TEXT") { Description = "The announcement, up to 500 characters" };
        var announce = new Command("announce", "Write a message that pages highlight") { ChatCommand.Channel, text, Reason };
        announce.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, await chat.Moderation.ActAsync(Request(parsed, channel, ChatActionKind.Announce) with
            {
                Text = parsed.GetValue(text),
            }, cancellationToken))));
        return announce;
    }

    public static Command Undo()
    {
        var action = new Argument<string>("ACTION") { Description = "Action ID, from 'chat actions'" };
        var undo = new Command("undo", "Undo an action: its messages are shown again, and its timeout, ban or mute ends")
        {
            ChatCommand.Channel, action, Reason,
        };
        undo.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, await chat.Moderation.UndoAsync(channel, Moderator, parsed.GetValue(action)!, parsed.GetValue(Reason) ?? "",
                cancellationToken))));
        return undo;
    }

    /// <summary>Creates the JSON of an action.</summary>
    internal static object Row(ChatAction action) => new
    {
        id = action.Id.Value, action = ChatCommand.Name(action.Kind), action.Session, action.Message, action.Participant, action.Name,
        action.Reason, moderator = action.Moderator.Id, moderatorName = action.Moderator.Name, action.At, action.EndsAt,
        network = action.IncludesNetwork, action.UndoneAt, action.UndoneBy,
    };

    private static ChatModerator Moderator => new($"command/{Environment.UserName}", Environment.UserName);

    private static Command OfMessage(string name, string description, ChatActionKind kind)
    {
        var command = new Command(name, description) { ChatCommand.Channel, Message, ChatCommand.Session, Reason };
        command.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, await chat.Moderation.ActAsync(Request(parsed, channel, kind) with
            {
                Message = parsed.GetValue(Message), Session = ChatCommand.SessionOf(parsed),
            }, cancellationToken))));
        return command;
    }

    private static Command OfParticipant(string name, string description, ChatActionKind kind, Option<bool>? network = null)
    {
        var command = new Command(name, description)
        {
            ChatCommand.Channel, MessageOption, Participant, ChatCommand.Session, Duration, Reason,
        };
        command.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, await chat.Moderation.ActAsync(Request(parsed, channel, kind) with
            {
                Message = parsed.GetValue(MessageOption), Participant = parsed.GetValue(Participant),
                Session = ChatCommand.SessionOf(parsed), IncludesNetwork = network is not null && parsed.GetValue(network),
                Duration = parsed.GetValue(Duration) is { } text ? ViewerTokenCommand.ParseDuration(text) : null,
            }, cancellationToken))));
        return command;
    }

    private static ChatActionRequest Request(ParseResult parsed, Media.ChannelName channel, ChatActionKind kind) =>
        new(channel, Moderator, kind, parsed.GetValue(Reason) ?? "");

    private static void Report(ParseResult parsed, ChatAction action)
    {
        var concerns = action.Name ?? action.Participant;
        ChannelCommand.Report(parsed, Row(action), $"Action {action.Id.Value}: {ChatCommand.Name(action.Kind)}"
            + (action.Message is { } message ? $", message {message}" : "") + (concerns is not null ? $" of {concerns}" : "")
            + (action.EndsAt is { } end ? $", until {end:u}" : "") + (action.UndoneAt is not null ? ", undone" : "") + ".");
    }
}
