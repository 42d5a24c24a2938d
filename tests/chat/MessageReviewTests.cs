using Broadcast.Chat.Moderation;
using Broadcast.Control.Tests;
using Broadcast.Media.ChatToControl;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Messages that the review webhook decides about before they are stored.</summary>
public sealed class MessageReviewTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Message_is_neither_stored_nor_shown_before_the_review_allows_it()
    {
        var review = new FakeReview { Waits = true };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        var sending = server.SendAsync(await server.JoinAsync("Ada"), "hello");
        await Poll.UntilAsync(() => review.Asked.Count == 1);
        (await server.LastAsync()).ShouldBe(0);

        review.Release();
        (await sending).ShouldBe(new(ChatOutcome.Accepted, "1-0"));
        review.Asked[0].ShouldBe(review.Asked[0] with { Channel = ChatServer.Demo, Session = ChatServer.Session, Name = "Ada", Role = null,
            IsQuestion = false, Text = "hello", MediaTime = ChatServer.At });
        (await server.QueryAsync<string>("SELECT identity_id FROM chat_messages")).ShouldBe([review.Asked[0].Participant.Value]);
    }

    [Fact]
    public async Task Changed_text_is_the_only_one_that_is_stored_and_the_sender_learns_it()
    {
        var review = new FakeReview { Decide = _ => new(ReviewAction.Allow, "h****  \u202e") };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        (await server.SendNowAsync(await server.JoinAsync("Ada"), "secret")).ShouldBe(new ChatAnswer(ChatOutcome.Accepted, "1-0")
        {
            Text = "h****",
        });
        (await server.ReadAsync(1)).GetProperty("messages")[0].GetProperty("text").GetString().ShouldBe("h****");
        (await server.QueryAsync<string>("SELECT text FROM chat_messages")).ShouldBe(["h****"]);
    }

    [Fact]
    public async Task Denied_message_is_not_stored_and_can_be_sent_again_in_other_words()
    {
        var review = new FakeReview { Decide = message => message.Text == "bad" ? new(ReviewAction.Deny, Reason: "Be nice.")
            : message.Text == "worse" ? new(ReviewAction.Deny) : new(ReviewAction.Allow) };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        var token = await server.JoinAsync("Ada");
        (await server.SendNowAsync(token, "bad")).ShouldBe(new(ChatOutcome.Denied, "Be nice."));
        (await server.SendNowAsync(token, "worse")).ShouldBe(new(ChatOutcome.Denied, "This message is not allowed here."));
        (await server.SendNowAsync(token, "good")).ShouldBe(new(ChatOutcome.Accepted, "1-0"));
        (await server.QueryAsync<string>("SELECT text FROM chat_messages")).ShouldBe(["good"]);
    }

    [Fact]
    public async Task Message_that_the_review_holds_waits_for_a_moderator_with_the_reason()
    {
        var review = new FakeReview { Decide = _ => new(ReviewAction.Hold, "hi", "Classified as spam") };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        (await server.SendNowAsync(await server.JoinAsync("Ada"), "hello")).ShouldBe(new ChatAnswer(ChatOutcome.Held, "1-0")
        {
            Text = "hi",
        });
        (await server.ShownAsync()).ShouldBeEmpty();
        (await server.QueryAsync<string>("SELECT held_by FROM chat_messages")).ShouldBe(["Classified as spam"]);

        await server.ActAsync(ChatActionKind.Approve, "1-0");
        await using var restarted = await ChatServer.StartAsync(postgres, server.Options);
        (await restarted.ShownAsync()).ShouldBe(["1-0"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u200b \u202e")]
    [InlineData(null)]
    public async Task Replacement_that_is_no_message_never_publishes_the_original(string? replacement)
    {
        var review = new FakeReview { Decide = _ => new(ReviewAction.Allow, replacement ?? new string('x', 501)) };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        (await server.SendNowAsync(await server.JoinAsync("Ada"), "hello")).Outcome.ShouldBe(ChatOutcome.Held);
        (await server.ShownAsync()).ShouldBeEmpty();
        (await server.QueryAsync<string>("SELECT held_by FROM chat_messages")).ShouldBe(["No response"]);
    }

    [Fact]
    public async Task Participant_who_is_banned_during_the_review_is_rejected()
    {
        var review = new FakeReview();
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        var token = await server.JoinAsync("Troll");
        (await server.SendNowAsync(token, "first")).Outcome.ShouldBe(ChatOutcome.Accepted);
        review.Waits = true;
        var sending = server.SendAsync(token, "second");
        await Poll.UntilAsync(() => review.Asked.Count == 2);
        await server.ActAsync(ChatActionKind.Ban, "1-0");
        review.Release();
        (await server.FinishAsync([sending]))[0].Outcome.ShouldBe(ChatOutcome.Denied);
        (await server.QueryAsync<string>("SELECT text FROM chat_messages")).ShouldBe(["first"]);
    }

    [Fact]
    public async Task Questions_are_reviewed_but_votes_and_reactions_are_not()
    {
        var review = new FakeReview { Decide = message => new(ReviewAction.Allow, message.Text.ToUpperInvariant()) };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        await server.Settings.ChangeAsync(ChatServer.Demo, new() { Questions = true });
        var token = await server.JoinAsync("Ada");
        var answers = await server.FinishAsync(
        [
            server.PostAsync(token, new(ChatPostKind.Question) { Text = "why?" }),
            server.PostAsync(token, new(ChatPostKind.Reactions) { Reactions = new() { ["👏"] = 2 } }),
        ]);
        answers.ShouldAllBe(answer => answer.Outcome == ChatOutcome.Accepted);
        review.Asked.Single().IsQuestion.ShouldBeTrue();
        (await server.QueryAsync<string>("SELECT text FROM chat_questions")).ShouldBe(["WHY?"]);
    }

    [Fact]
    public async Task Messages_that_wait_are_bounded()
    {
        var review = new FakeReview { Waits = true };
        await using var server = await ChatServer.StartAsync(postgres, review: review);
        List<Task<ChatAnswer>> sending = [];
        for (var i = 0; i < MessageReviewer.MaxWaiting; i++)
        {
            sending.Add(server.SendAsync(await server.JoinAsync($"Viewer {i}"), "hello"));
        }

        await Poll.UntilAsync(() => review.Asked.Count == MessageReviewer.MaxWaiting);
        var last = await server.JoinAsync("Last");
        (await server.SendAsync(last, "hello")).Outcome.ShouldBe(ChatOutcome.TooMany);
        review.Release();
        (await server.FinishAsync(sending)).ShouldAllBe(answer => answer.Outcome == ChatOutcome.Accepted);
        (await server.SendNowAsync(last, "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
    }

    /// <summary>A review whose decisions the test makes.</summary>
    private sealed class FakeReview : IMessageReview
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _lock = new();
        private readonly List<ReviewedMessage> _asked = [];

        public bool IsEnabled => true;

        public bool Waits { get; set; }

        public Func<ReviewedMessage, ReviewResult> Decide { get; init; } = _ => new(ReviewAction.Allow);

        public IReadOnlyList<ReviewedMessage> Asked
        {
            get
            {
                lock (_lock)
                {
                    return [.. _asked];
                }
            }
        }

        public ReviewResult Failed => new(ReviewAction.Hold, Reason: "No response");

        public async Task<ReviewResult> ReviewAsync(ReviewedMessage message, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                _asked.Add(message);
            }

            if (Waits)
            {
                await _released.Task.WaitAsync(cancellationToken);
            }

            return Decide(message);
        }

        public void Release()
        {
            Waits = false;
            _released.TrySetResult();
        }
    }
}
