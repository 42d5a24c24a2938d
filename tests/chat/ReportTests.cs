using System.Text.Json;
using Broadcast.Chat.Polls;
using Broadcast.Chat.Reactions;
using Broadcast.Chat.Reports;
using Broadcast.Control.Tests;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Statistics and exports on a real database.</summary>
public sealed class ReportTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Statistics_count_what_happened_in_a_session()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        var reports = new ChatReports(server.Database, server.Time);
        var empty = await reports.GetStatisticsAsync(ChatServer.Demo, null);
        (empty.Session, empty.Participants, empty.Messages.Count, empty.Minutes.Count).ShouldBe((null, 0, 0, 0));
        await FillAsync(server);

        var found = await reports.GetStatisticsAsync(ChatServer.Demo, null);
        found.Session.ShouldBe(ChatServer.Session.Value);
        found.Participants.ShouldBe(2);
        found.Messages.ShouldBe(new Dictionary<ChatMessageState, long> { [ChatMessageState.Shown] = 2, [ChatMessageState.Removed] = 1 },
            ignoreOrder: true);
        found.Announcements.ShouldBe(1);
        found.Minutes.Sum(minute => minute.Messages).ShouldBe(3);
        found.Minutes[0].Minute.ShouldBe(ChatServer.At);
        found.BusiestMinute.ShouldNotBeNull().Messages.ShouldBe(found.Minutes.Max(minute => minute.Messages));
        found.MostActive.Select(one => (one.Name, one.Messages)).ShouldBe([("Ada", 2), ("Bob", 1)]);
        found.Reactions.ShouldBe(new Dictionary<string, long> { [NewReactions.Emoji[0]] = 7 });
        found.Questions.ShouldBe(new Dictionary<ChatQuestionState, long> { [ChatQuestionState.Open] = 1 });
        (found.Polls, found.PollVotes).ShouldBe((1, 2));
        found.Actions.ShouldBe(new Dictionary<ChatActionKind, long> { [ChatActionKind.Remove] = 1, [ChatActionKind.Announce] = 1 },
            ignoreOrder: true);
        (await reports.GetStatisticsAsync(ChatServer.Demo, ChatServer.Session)).Participants.ShouldBe(2);
        (await Should.ThrowAsync<OperationException>(reports.GetStatisticsAsync(ChatServer.Demo,
            SessionId.Parse("01JN8E0000000000000000000B")))).Code.ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(reports.GetStatisticsAsync(ChannelName.Parse("other"), null))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Export_has_everything_of_a_participant_and_nothing_of_others()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await FillAsync(server);
        var participant = await ParticipantAsync(server, "Ada");
        var json = await ExportAsync(server, participant);
        json.GetProperty("channel").GetString().ShouldBe("demo");
        json.GetProperty("participant").GetString().ShouldBe(participant);
        Texts(json, "messages", "text").ShouldBe(["Grüße \U0001F389", "off topic"]);
        Texts(json, "messages", "state").ShouldBe(["shown", "removed"]);
        Texts(json, "questions", "text").ShouldBe(["Why?"]);
        json.GetProperty("questions")[0].GetProperty("votes").GetInt32().ShouldBe(1);
        Texts(json, "pollVotes", "option").ShouldBe(["No"]);
        Texts(json, "questionVotes", "question").ShouldBeEmpty();
        Texts(json, "actions", "reason").ShouldBe(["not here"]);
        json.GetRawText().ShouldNotContain("jane", Case.Insensitive);
        json.GetRawText().ShouldNotContain("Bob");

        var other = await ExportAsync(server, await ParticipantAsync(server, "Bob"));
        Texts(other, "pollVotes", "option").ShouldBe(["Yes"]);
        Texts(other, "questionVotes", "question").ShouldBe([json.GetProperty("questions")[0].GetProperty("id").GetString()]);

        // After the erasure there is nothing but the action, without the name.
        await server.Moderation.EraseAsync(ChatServer.Demo, participant);
        var rest = await ExportAsync(server, participant);
        foreach (var list in new[] { "messages", "questions", "pollVotes", "questionVotes" })
        {
            rest.GetProperty(list).GetArrayLength().ShouldBe(0, list);
        }

        (await Should.ThrowAsync<OperationException>(ExportAsync(server, "01JN8E2S3MZ0V6GQ7T4R9XKBCD"))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(ExportAsync(server, "' OR true --"))).Code.ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Export_of_many_messages_is_complete()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await FillAsync(server);
        var participant = await ParticipantAsync(server, "Bob");
        await server.ExecuteAsync(
            $"""
            INSERT INTO chat_messages (session_id, batch, position, shown, identity_id, name, text, media_time, sent_at)
            SELECT session_id, 1000 + i, 0, true, identity_id, name, repeat('x', 500), media_time, sent_at
            FROM chat_messages, generate_series(1, 3000) i WHERE name = 'Bob'
            """);
        (await ExportAsync(server, participant)).GetProperty("messages").GetArrayLength().ShouldBe(3001);
    }

    /// <summary>Two participants with messages, reactions, a question, a poll, and actions of a moderator.</summary>
    private static async Task FillAsync(ChatServer server)
    {
        await server.OpenSessionAsync();
        var polls = new ChatPolls(server.Database, new ChangeLog(), server.Time);
        await server.Settings.ChangeAsync(ChatServer.Demo, new() { Questions = true });
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        await SendAsync(server, ada, new(ChatPostKind.Message) { Text = "Grüße \U0001F389" });
        await SendAsync(server, bob, new(ChatPostKind.Message) { Text = "hello" });
        await SendAsync(server, ada, new(ChatPostKind.Message) { Text = "off topic" });
        var last = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo)))[0];
        last.Text.ShouldBe("off topic");
        await server.ActAsync(ChatActionKind.Remove, last.Id, reason: "not here");
        await server.ActAsync(ChatActionKind.Announce, text: "Welcome");
        await SendAsync(server, bob, new(ChatPostKind.Reactions) { Reactions = new() { [NewReactions.Emoji[0]] = 5 } });
        await SendAsync(server, ada, new(ChatPostKind.Reactions) { Reactions = new() { [NewReactions.Emoji[0]] = 2 } });
        var question = (await SendAsync(server, ada, new(ChatPostKind.Question) { Text = "Why?" })).Value;
        (await SendAsync(server, bob, new(ChatPostKind.QuestionVote) { Subject = question })).Outcome.ShouldBe(ChatOutcome.Accepted);
        var poll = await polls.CreateAsync(ChatServer.Demo, new("Encore?", ["Yes", "No"], null));
        (await SendAsync(server, ada, new(ChatPostKind.Vote) { Subject = poll.Id, Choice = 1 })).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await SendAsync(server, bob, new(ChatPostKind.Vote) { Subject = poll.Id, Choice = 0 })).Outcome.ShouldBe(ChatOutcome.Accepted);
    }

    private static async Task<ChatAnswer> SendAsync(ChatServer server, string token, ChatPostForm form)
    {
        var answer = (await server.FinishAsync([server.PostAsync(token, form)]))[0];
        server.Time.Advance(TimeSpan.FromSeconds(5));
        return answer;
    }

    private static async Task<string> ParticipantAsync(ChatServer server, string name) =>
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo))).First(message => message.Name == name).Participant;

    private static async Task<JsonElement> ExportAsync(ChatServer server, string participant)
    {
        using var output = new MemoryStream();
        await new ChatReports(server.Database, server.Time).ExportAsync(ChatServer.Demo, participant, () => output);
        return JsonDocument.Parse(output.ToArray()).RootElement;
    }

    private static IEnumerable<string?> Texts(JsonElement json, string list, string member) =>
        json.GetProperty(list).EnumerateArray().Select(item => item.GetProperty(member).GetString());
}
