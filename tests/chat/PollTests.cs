using System.Text.Json;
using Broadcast.Chat.Polls;
using Broadcast.Chat.Reactions;
using Broadcast.Control.Tests;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Reactions, polls and questions on a real database.</summary>
public sealed class PollTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Reactions_are_summed_up_in_a_batch()
    {
        await using var server = await StartAsync();
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        var (clap, heart) = (NewReactions.Emoji[0], NewReactions.Emoji[1]);

        // The first request is stored at once, the others together.
        await SendAsync(server, ada, new(ChatPostKind.Reactions) { Reactions = new() { [clap] = 1 } });
        var others = new[]
        {
            server.PostAsync(ada, new(ChatPostKind.Reactions) { Reactions = new() { [heart] = 1, [clap] = 5 } }),
            server.PostAsync(bob, new(ChatPostKind.Reactions) { Reactions = new() { [clap] = 2 } }),
        };
        await server.FinishAsync(others);
        (await server.ReadAsync(2)).GetProperty("reactions").EnumerateObject().Select(count => (count.Name, count.Value.GetInt64()))
            .ShouldBe([(clap, 7), (heart, 1)]);

        foreach (var invalid in new Dictionary<string,
            int>?[] { null, new(), new() { ["x"] = 1 }, new() { [clap] = 0 }, new() { [clap] = 21 } })
        {
            (await server.PostAsync(ada, new(ChatPostKind.Reactions) { Reactions = invalid })).Outcome.ShouldBe(ChatOutcome.Invalid);
        }

        await server.Settings.ChangeAsync(ChatServer.Demo, new() { Reactions = false });
        (await SendAsync(server, bob, new(ChatPostKind.Reactions) { Reactions = new() { [clap] = 1 } })).Outcome
            .ShouldBe(ChatOutcome.Denied);
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_messages")).ShouldBe([0]);
    }

    [Fact]
    public async Task Each_participant_votes_once_until_the_poll_ends()
    {
        await using var server = await StartAsync();
        var polls = new ChatPolls(server.Database, new ChangeLog(), server.Time);
        (await Should.ThrowAsync<OperationException>(polls.CreateAsync(ChatServer.Demo, new("Encore?", ["Yes", "No"], null)))).Code
            .ShouldBe(OperationErrorCode.Conflict, "the channel is not live");
        await server.OpenSessionAsync();
        var poll = await polls.CreateAsync(ChatServer.Demo, new(" Encore? ", ["Yes", "No"], TimeSpan.FromSeconds(60)));
        await Poll.UntilAsync(async () => (await PollOfAsync(server))?.GetProperty("id").GetString() == poll.Id);

        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        (await SendAsync(server, ada, Vote(poll.Id, 0))).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await SendAsync(server, ada, Vote(poll.Id, 1))).ShouldBe(new(ChatOutcome.Denied, "You have voted in this poll."));
        (await SendAsync(server, bob, Vote(poll.Id, 2))).Outcome.ShouldBe(ChatOutcome.Invalid);
        (await SendAsync(server, bob, Vote(poll.Id, 1))).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await PollOfAsync(server))!.Value.GetProperty("options").EnumerateArray().Select(option => option.GetProperty("votes").GetInt64())
            .ShouldBe([1, 1]);

        // Two requests of one participant in the same batch.
        var eve = await server.JoinAsync("Eve");
        var both = await server.FinishAsync([server.PostAsync(eve, Vote(poll.Id, 0)), server.PostAsync(eve, Vote(poll.Id, 0))]);
        both.Count(answer => answer.Outcome == ChatOutcome.Accepted).ShouldBe(1);

        // The vote of a participant who is muted is not counted, and the participant does not learn it.
        var muted = await server.JoinAsync("Troll");
        await SendAsync(server, muted, new(ChatPostKind.Message) { Text = "insult" });
        var insult = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo)))[0].Id;
        await server.ActAsync(ChatActionKind.Mute, insult);
        (await SendAsync(server, muted, Vote(poll.Id, 0))).Outcome.ShouldBe(ChatOutcome.Accepted);

        server.Time.Advance(TimeSpan.FromSeconds(60));
        (await SendAsync(server, await server.JoinAsync("Late"), Vote(poll.Id, 0)))
            .ShouldBe(new(ChatOutcome.Denied, "The poll has ended."));
        (await polls.ListAsync(ChatServer.Demo)).ShouldHaveSingleItem().Options.Select(option => option.Votes).ShouldBe([2, 1]);
        await polls.EndAsync(ChatServer.Demo, poll.Id, isHidden: true);
        await Poll.UntilAsync(async () => await PollOfAsync(server) is null);
    }

    [Fact]
    public async Task Invalid_polls_say_why()
    {
        await using var server = await StartAsync();
        var polls = new ChatPolls(server.Database, new ChangeLog(), server.Time);
        await server.OpenSessionAsync();
        foreach (var (poll, member) in new (NewChatPoll, string)[]
        {
            (new("", ["a", "b"], null), "question"), (new("q", null, null), "options"), (new("q", ["a"], null), "options"),
            (new("q", ["a", "a"], null), "options"), (new("q", ["a", ""], null), "options"),
                (new("q", ["a", new string('x', 101)], null), "options"),
            (new("q", [.. Enumerable.Range(0, 11).Select(i => $"{i}")], null), "options"),
            (new("q", ["a", "b"], TimeSpan.FromSeconds(4)), "seconds"), (new("q", ["a", "b"], TimeSpan.FromDays(2)), "seconds"),
        })
        {
            (await Should.ThrowAsync<OperationException>(polls.CreateAsync(ChatServer.Demo, poll))).ValidationErrors.ShouldHaveSingleItem()
                .Member.ShouldBe(member);
        }

        (await Should.ThrowAsync<OperationException>(polls.EndAsync(ChatServer.Demo, "x", false))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Questions_are_voted_for_picked_and_answered()
    {
        await using var server = await StartAsync();
        var polls = new ChatPolls(server.Database, new ChangeLog(), server.Time);
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        (await SendAsync(server, ada, new(ChatPostKind.Question) { Text = "Why?" })).Outcome
            .ShouldBe(ChatOutcome.Denied, "questions are off");
        await server.Settings.ChangeAsync(ChatServer.Demo, new() { Questions = true });

        var first = (await SendAsync(server, ada, new(ChatPostKind.Question) { Text = "Why?" })).Value;
        server.Time.Advance(TimeSpan.FromSeconds(5));
        var second = (await SendAsync(server, ada, new(ChatPostKind.Question) { Text = "How <b>?" })).Value;
        (await SendAsync(server, ada, QuestionVote(first))).Outcome.ShouldBe(ChatOutcome.Denied, "it is the own question");
        (await SendAsync(server, bob, QuestionVote(second))).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await SendAsync(server, bob, QuestionVote(second))).Outcome.ShouldBe(ChatOutcome.Denied);
        (await QuestionsAsync(server)).ShouldBe([$"How <b>? open 1", "Why? open 0"]);
        (await server.StateAsync()).ShouldContain("\"questions\":3");

        // A ban of the sender removes the questions; undoing it restores their states.
        await server.ExecuteAsync($"UPDATE chat_questions SET state = 'held' WHERE id = '{second}'");
        var participant = (await polls.ListQuestionsAsync(ChatServer.Demo, null))[0].Participant;
        var ban = await server.ActAsync(ChatActionKind.Ban, participant: participant);
        await Poll.UntilAsync(async () => (await QuestionsAsync(server)).Count == 0);
        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, ban.Id.Value, "");
        await Poll.UntilAsync(async () => (await QuestionsAsync(server)).Count == 1);
        (await polls.ListQuestionsAsync(ChatServer.Demo, ChatQuestionState.Held)).ShouldHaveSingleItem().Id.ShouldBe(second);
        await server.ExecuteAsync($"UPDATE chat_questions SET state = 'open' WHERE id = '{second}'");

        await polls.ChangeQuestionAsync(ChatServer.Demo, first, ChatQuestionState.Picked, null);
        await Poll.UntilAsync(async () => (await server.StateAsync()).Contains("\"questions\":6", StringComparison.Ordinal));
        (await QuestionsAsync(server)).ShouldBe(["Why? picked 0", "How <b>? open 1"]);
        (await polls.ChangeQuestionAsync(ChatServer.Demo, first, ChatQuestionState.Answered, null)).AnsweredAt
            .ShouldBe(server.Time.GetUtcNow());
        await polls.ChangeQuestionAsync(ChatServer.Demo, second, ChatQuestionState.Removed, null);
        await Poll.UntilAsync(async () => (await QuestionsAsync(server)).Count == 1);
        (await QuestionsAsync(server)).ShouldBe(["Why? answered 0"]);
        (await polls.ListQuestionsAsync(ChatServer.Demo, ChatQuestionState.Removed)).ShouldHaveSingleItem().Id.ShouldBe(second);
        (await Should.ThrowAsync<OperationException>(polls.ChangeQuestionAsync(ChatServer.Demo, "x", ChatQuestionState.Open, null))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    private static ChatPostForm Vote(string poll, int choice) => new(ChatPostKind.Vote) { Subject = poll, Choice = choice };

    private static ChatPostForm QuestionVote(string question) => new(ChatPostKind.QuestionVote) { Subject = question };

    private static async Task<JsonElement?> PollOfAsync(ChatServer server) =>
        JsonDocument.Parse(await server.StateAsync()).RootElement.TryGetProperty("poll", out var poll) ? poll : null;

    private static async Task<IReadOnlyList<string>> QuestionsAsync(ChatServer server) =>
        [.. JsonDocument.Parse((await server.Chat.ReadQuestionsAsync(ChatServer.Demo, ChatServer.Session,
            default)).ShouldNotBeNull()).RootElement
            .GetProperty("questions").EnumerateArray().Select(q =>
                $"{q.GetProperty("text").GetString()} {q.GetProperty("state").GetString()} {q.GetProperty("votes").GetInt32()}")];

    private static async Task<ChatAnswer> SendAsync(ChatServer server, string token, ChatPostForm form)
    {
        var answers = await server.FinishAsync([server.PostAsync(token, form)]);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        return answers[0];
    }

    private async Task<ChatServer> StartAsync()
    {
        var server = await ChatServer.StartAsync(postgres);
        await server.Listener.StartAsync(default);
        await Poll.UntilAsync(() => server.IsListeningAsync(1));
        await server.LastAsync();
        return server;
    }
}
