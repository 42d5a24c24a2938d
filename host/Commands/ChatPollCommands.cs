using System.CommandLine;
using System.Globalization;
using Broadcast.Database;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Host.Commands;

/// <summary><c>chat poll list|create|end</c> and <c>chat question list|set</c>.</summary>
internal static class ChatPollCommands
{
    public static Command Poll() => new("poll", "Create, list and end polls") { ListPolls(), CreatePoll(), EndPoll() };

    public static Command Question() => new("question", "List questions to the hosts, and change their state")
    {
        ListQuestions(), SetQuestion(),
    };

    private static Command ListPolls()
    {
        var list = new Command("list", "List polls with their votes, newest first") { ChatCommand.Channel };
        list.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var polls = await chat.Polls.ListAsync(channel, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(polls);
                return;
            }

            CommandOutput.PrintTable(["id", "session", "question", "votes", "ends", "hidden"], polls.Select(poll => new[]
            {
                poll.Id, poll.Session, poll.Question, Votes(poll), $"{poll.EndsAt:u}", $"{poll.HiddenAt:u}",
            }));
        }));
        return list;
    }

    private static Command CreatePoll()
    {
        var question = new Argument<string>("QUESTION") { Description = "The question" };
        var options = new Argument<string[]>("OPTION")
        {
            Description = $"2 to {NewChatPoll.MaxOptions} options", Arity = ArgumentArity.OneOrMore,
        };
        var duration = new Option<string?>("--duration")
        {
            Description = "Time for voting: 90s, 10m or 2h, up to 1d (until 'chat poll end')", HelpName = "TIME",
        };
        var create = new Command("create", "Create a poll in the session on air, in place of the one that viewers see")
        {
            ChatCommand.Channel, question, options, duration,
        };
        create.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, "created", await chat.Polls.CreateAsync(channel, new(parsed.GetValue(question), parsed.GetValue(options),
                parsed.GetValue(duration) is { } text ? ViewerTokenCommand.ParseDuration(text) : null), cancellationToken))));
        return create;
    }

    private static Command EndPoll()
    {
        var poll = new Argument<string>("POLL") { Description = "Poll ID, from 'chat poll list'" };
        var hide = new Option<bool>("--hide") { Description = "No longer show the poll and its result" };
        var end = new Command("end", "End voting now") { ChatCommand.Channel, poll, hide };
        end.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
            Report(parsed, parsed.GetValue(hide) ? "hidden" : "ended",
                await chat.Polls.EndAsync(channel, parsed.GetValue(poll)!, parsed.GetValue(hide), cancellationToken))));
        return end;
    }

    private static Command ListQuestions()
    {
        var state = new Option<string?>("--state")
        {
            Description = string.Join(", ", ChatCommand.Names<ChatQuestionState>()), HelpName = "STATE",
        };
        var list = new Command("list", "List the questions of the newest session with chat, those with most votes first")
        {
            ChatCommand.Channel, state,
        };
        list.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var questions = await chat.Polls.ListQuestionsAsync(channel,
                ChatCommand.ValueOf<ChatQuestionState>("state", parsed.GetValue(state)), cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(questions.Select(Row));
                return;
            }

            CommandOutput.PrintTable(["id", "votes", "state", "name", "sent", "text"], questions.Select(question => new[]
            {
                question.Id, question.Votes.ToString(CultureInfo.InvariantCulture), ChatCommand.Name(question.State), question.Name,
                $"{question.SentAt:u}", question.Text,
            }));
        }));
        return list;
    }

    private static Command SetQuestion()
    {
        var id = new Argument<string>("QUESTION") { Description = "Question ID, from 'chat question list'" };
        var state = new Argument<string>("STATE") { Description = "open, picked, answered or removed" };
        var at = new Option<string?>("--at")
        {
            Description = "Time in the program at which the answer begins, such as 2030-01-31T19:00:00Z (now)", HelpName = "TIME",
        };
        var set = new Command("set", "Change the state of a question") { ChatCommand.Channel, id, state, at };
        set.SetAction(ChatCommand.WithChat(async (parsed, chat, channel, cancellationToken) =>
        {
            var wanted = ChatCommand.ValueOf<ChatQuestionState>("state", parsed.GetValue(state))!.Value;
            var question = await chat.Polls.ChangeQuestionAsync(channel, parsed.GetValue(id)!, wanted, Time(parsed.GetValue(at)),
                cancellationToken);
            ChannelCommand.Report(parsed, Row(question), $"Question {question.Id} is {ChatCommand.Name(question.State)}.");
        }));
        return set;
    }

    private static DateTimeOffset? Time(string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : throw new OperationException([new("at", $"'{text}' is not a time such as 2030-01-31T19:00:00Z.")]);

    private static void Report(ParseResult parsed, string what, ChatPoll poll) =>
        ChannelCommand.Report(parsed, poll, $"Poll {poll.Id} {what}: {poll.Question} ({Votes(poll)})");

    private static string Votes(ChatPoll poll) => string.Join(", ", poll.Options.Select(option => $"{option.Text}: {option.Votes}"));

    private static object Row(ChatQuestion question) => new
    {
        question.Id, question.Session, question.Participant, question.Name, question.Text, state = ChatCommand.Name(question.State),
        question.Votes, time = question.MediaTime, question.SentAt, question.AnsweredAt,
    };
}
