using System.Net;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Chat;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Chat of viewers: the list of batches, the batches, and the requests to join and to write.</summary>
public class ChatTests
{
    private const string List = "/live/demo/chat.json";
    private const string Batches = "/live/demo/01JN8E0000000000000000000A/chat/";
    private static readonly DateTimeOffset Edge = FakePackager.Start.AddSeconds(6);

    [Fact]
    public async Task List_names_the_session_and_its_batches()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { Last = 7 })).Hear(Live());
        foreach (var query in (string[])["", "?after=3", "?after=9", "?other=1"])
        {
            using var response = await server.SendAsync(List + query);
            (await response.Content.ReadAsStringAsync())
                .ShouldBe("""{"session":"01JN8E0000000000000000000A","first":1,"last":7,"state":{"slowSeconds":5}}""");
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=1");
            response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
            response.Content.Headers.ContentType!.ToString().ShouldBe("application/json");
        }

        foreach (var query in (string[])["?after=", "?after=-1", "?after=x", "?after=1&after=2", "?after=99999999999999999999"])
        {
            using var response = await server.SendAsync(List + query);
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, query);
        }
    }

    [Fact]
    public async Task Status_says_whether_there_is_a_chat()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat())).Hear(Live());
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"chat\":true");
        await using var without = (await OriginServer.StartWithChatAsync(new FakeChat { IsOn = false })).Hear(Live());
        (await without.Client.GetStringAsync("/live/demo/status.json")).ShouldNotContain("chat");
    }

    [Fact]
    public async Task Request_for_a_newer_batch_is_held_until_it_exists()
    {
        var chat = new FakeChat { Last = 7 };
        await using var server = (await OriginServer.StartWithChatAsync(chat)).Hear(Live());
        var requests = Enumerable.Range(0, 50).Select(_ => server.SendAsync(List + "?after=7")).ToList();
        await server.HeldAsync(50);
        chat.Add();
        foreach (var request in requests)
        {
            using var response = await request;
            (await response.Content.ReadAsStringAsync()).ShouldEndWith(
                "\"last\":8,\"state\":{\"slowSeconds\":5},\"batches\":[{\"messages\":[],\"batch\":8}]}");
        }

        server.Held.Count.ShouldBe(0);
    }

    [Fact]
    public async Task List_includes_a_few_batches_that_the_page_does_not_have()
    {
        var chat = new FakeChat { Last = 7 };
        await using var server = (await OriginServer.StartWithChatAsync(chat)).Hear(Live());
        var after = 7 - ChatEndpoint.MaxIncluded;
        (await server.Client.GetStringAsync($"{List}?after={after}")).ShouldEndWith(
            """,{"messages":[],"batch":6},{"messages":[],"batch":7}]}""");
        (await server.Client.GetStringAsync($"{List}?after={after - 1}")).ShouldNotContain("batches");
        (await server.Client.GetStringAsync(List)).ShouldNotContain("batches");

        chat.Padding = new string(' ', ChatEndpoint.MaxIncludedBytes / 2);
        (await server.Client.GetStringAsync($"{List}?after=6")).ShouldContain("\"batch\":7}");
        (await server.Client.GetStringAsync($"{List}?after=5")).ShouldNotContain("batches");
        chat.HasLostBatches = true;
        (await server.Client.GetStringAsync($"{List}?after=6")).ShouldEndWith("\"last\":7,\"state\":{\"slowSeconds\":5}}");
    }

    [Fact]
    public async Task Held_request_is_answered_without_news_after_a_while()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat())).Hear(Live());
        var request = server.SendAsync(List + "?after=0");
        await server.HeldAsync(1);
        server.Time.Advance(ChatEndpoint.MaxHoldTime);
        using var response = await request;
        (await response.Content.ReadAsStringAsync()).ShouldEndWith("\"last\":0,\"state\":{\"slowSeconds\":5}}");
    }

    [Fact]
    public async Task Batch_is_cached_for_seconds_because_messages_can_be_removed()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { Last = 2 })).Hear(Live());
        using var response = await server.SendAsync(Batches + "2.json");
        (await response.Content.ReadAsStringAsync()).ShouldBe("""{"messages":[],"batch":2}""");
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=10");
        using var known = await server.SendAsync(Batches + "2.json", null, ("If-None-Match", response.Headers.ETag!.ToString()));
        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Theory]
    [InlineData("3.json")]
    [InlineData("02.json")]
    [InlineData("-1.json")]
    [InlineData("1.txt")]
    [InlineData(".json")]
    [InlineData("9999999999999999.json")]
    public async Task Unknown_batch_is_404(string file)
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { Last = 2 })).Hear(Live());
        using var response = await server.SendAsync(Batches + file);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Channel_without_chat_or_session_is_404_and_accepts_nothing()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(Live());
        await using var other = (await OriginServer.StartWithChatAsync(new FakeChat { IsOn = false })).Hear(Live());
        await using var empty = await OriginServer.StartWithChatAsync(new FakeChat());
        foreach (var each in (OriginServer[])[server, other, empty])
        {
            (await each.SendAsync(List)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await each.SendAsync(Batches + "1.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await PostAsync(each, "/chat/demo/join", """{"name":"Ada"}""")).Status.ShouldBe(403);
            (await PostAsync(each, "/chat/demo/messages", """{"text":"hello"}""", "token")).Status.ShouldBe(403);
        }
    }

    [Fact]
    public async Task Lost_database_is_503()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { IsUnavailable = true })).Hear(Live());
        (await server.SendAsync(List)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await server.SendAsync(Batches + "1.json")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await PostAsync(server, "/chat/demo/messages", """{"text":"hello"}""", "token")).Status.ShouldBe(503);
    }

    [Fact]
    public async Task Participant_joins_and_writes()
    {
        var chat = new FakeChat();
        await using var server = (await OriginServer.StartWithChatAsync(chat)).Hear(Live());
        (await PostAsync(server, "/chat/demo/join", """{"name":"Ada"}""")).ShouldBe((200, """{"token":"token of Ada","from":"abc"}"""));
        (await PostAsync(server, "/chat/demo/messages", """{"text":"hello","replyTo":"1-0"}""", "token of Ada"))
            .ShouldBe((201, """{"id":"1-0"}"""));
        var post = chat.Posts.Single();
        (post.Channel.Value, post.Session, post.Token, post.Text, post.ReplyTo)
            .ShouldBe(("demo", FakePackager.First, "token of Ada", "hello", "1-0"));
        post.MediaTime.ShouldBe(Edge);
        post.Client.ShouldBe(IPAddress.Loopback);
    }

    [Theory]
    [InlineData("2026-03-01T12:00:03Z", 3)]
    [InlineData("2026-03-01T13:00:04+01:00", 4)]
    [InlineData("2026-03-01T13:00:03Z", 6)]
    [InlineData("2020-03-01T12:00:03Z", 0)]
    [InlineData("9999-12-31T23:59:59Z", 6)]
    public async Task Forged_media_time_is_limited_to_the_session(string time, double seconds)
    {
        var chat = new FakeChat();
        await using var server = (await OriginServer.StartWithChatAsync(chat)).Hear(Live());
        (await PostAsync(server, "/chat/demo/messages", $$"""{"text":"hello","time":"{{time}}"}""", "token")).Status.ShouldBe(201);
        chat.Posts.Single().MediaTime.ShouldBe(FakePackager.Start.AddSeconds(seconds));
    }

    [Theory]
    [InlineData(ChatOutcome.Invalid, 400)]
    [InlineData(ChatOutcome.NoIdentity, 401)]
    [InlineData(ChatOutcome.Denied, 403)]
    [InlineData(ChatOutcome.TooMany, 429)]
    [InlineData(ChatOutcome.Unavailable, 503)]
    public async Task Rejection_has_a_status_and_a_reason(ChatOutcome outcome, int status)
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { Outcome = outcome })).Hear(Live());
        (await PostAsync(server, "/chat/demo/messages", """{"text":"hello"}""", "token")).ShouldBe((status, """{"error":"a reason"}"""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"text\":1}")]
    [InlineData("{\"text\":\"a\",\"time\":\"yesterday\"}")]
    [InlineData("{\"text\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}")]
    [InlineData("\u0000")]
    public async Task Malformed_body_is_400(string body)
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat())).Hear(Live());
        (await PostAsync(server, "/chat/demo/messages", body, "token")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task Large_body_and_other_media_type_are_rejected_without_reading_them()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat())).Hear(Live());
        (await PostAsync(server, "/chat/demo/messages", $$"""{"text":"{{new string('a', 65_536)}}"}""", "token")).Status.ShouldBe(413);
        using var text = new StringContent("""{"text":"hello"}""", Encoding.UTF8, "text/plain");
        using var response = await server.Client.PostAsync("/chat/demo/messages", text);
        response.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task Pages_of_other_sites_may_write()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat())).Hear(Live());
        using var response = await server.SendAsync("/chat/demo/messages", HttpMethod.Options, ("Origin", "https://example.org"),
            ("Access-Control-Request-Method", "POST"));
        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
        response.Headers.NonValidated["Access-Control-Allow-Methods"].ToString().ShouldBe("POST, OPTIONS");
        response.Headers.NonValidated["Access-Control-Allow-Headers"].ToString().ShouldBe("Authorization, Content-Type");
        (await server.SendAsync("/chat/demo/messages")).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await server.SendAsync("/chat/demo/other", HttpMethod.Post)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await server.SendAsync("/chat/unknown/join", HttpMethod.Post)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Viewer_without_access_neither_reads_nor_writes()
    {
        var chat = new FakeChat { Last = 1 };
        await using var server = (await OriginServer.StartWithChatAsync(chat, new TokenGuard())).Hear(Live());
        (await server.SendAsync(List)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await server.SendAsync(Batches + "1.json")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await PostAsync(server, "/chat/demo/join", """{"name":"Ada"}""")).Status.ShouldBe(403);
        (await PostAsync(server, "/chat/demo/messages", """{"text":"hello"}""", "token")).Status.ShouldBe(403);
        chat.Posts.ShouldBeEmpty();

        (await server.SendAsync("/t/good" + List)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PostAsync(server, "/t/good/chat/demo/join", """{"name":"Ada"}""")).Status.ShouldBe(200);
        (await PostAsync(server, "/t/good/chat/demo/messages", """{"text":"hello"}""", "token")).Status.ShouldBe(201);
        (await PostAsync(server, "/t/good/chat/demo/join", """{"name":"Ada"}""")).Body.ShouldContain("token of Ada as viewer");
    }

    private static FakePackager Live() => new FakePackager().Video().Segments(3);

    [Fact]
    public async Task Message_that_waits_for_a_moderator_is_accepted_as_held()
    {
        await using var server = (await OriginServer.StartWithChatAsync(new FakeChat { Outcome = ChatOutcome.Held })).Hear(Live());
        (await PostAsync(server, "/chat/demo/messages", """{"text":"hello"}""", "token"))
            .ShouldBe((202, """{"id":"1-0","state":"held"}"""));
    }

    [Fact]
    public async Task Reactions_votes_and_questions_are_passed_to_the_chat()
    {
        var chat = new FakeChat();
        await using var server = (await OriginServer.StartWithChatAsync(chat)).Hear(Live());
        (await PostAsync(server, "/chat/demo/reactions", """{"reactions":{"x":2}}""", "token")).Status.ShouldBe(201);
        (await PostAsync(server, "/chat/demo/votes", """{"poll":"p","choice":1}""", "token")).Status.ShouldBe(201);
        (await PostAsync(server, "/chat/demo/questions", """{"text":"Why?"}""", "token")).Status.ShouldBe(201);
        (await PostAsync(server, "/chat/demo/question-votes", """{"question":"q"}""", "token")).Status.ShouldBe(201);
        (await PostAsync(server, "/chat/demo/other", """{"question":"q"}""", "token")).Status.ShouldBe(404);
        chat.Posts.Select(post => (post.Kind, post.Subject, post.Choice, post.Text)).ShouldBe(
        [
            (ChatPostKind.Reactions, null, null, null), (ChatPostKind.Vote, "p", 1, null), (ChatPostKind.Question, null, null, "Why?"),
            (ChatPostKind.QuestionVote, "q", null, null),
        ]);
        chat.Posts[0].Reactions!["x"].ShouldBe(2);
        using var questions = await server.SendAsync(Batches + "questions/7.json");
        (await questions.Content.ReadAsStringAsync()).ShouldBe("""{"questions":[]}""");
    }

    private static async Task<(int Status, string Body)> PostAsync(OriginServer server, string path, string body, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        using var response = await server.Client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private sealed class TokenGuard : IViewerAuthorizer
    {
        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            new(new ViewerDecision(request.Token == "good" ? null : ViewerDenialReason.NoToken, TimeSpan.FromSeconds(1))
            {
                Viewer = request is { Token: "good", NeedsViewer: true } ? " as viewer" : null,
            });

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? storedAccess = null) => null;
    }

    private sealed class FakeChat : IChat
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _next = new();

        public bool IsOn { get; init; } = true;

        public bool IsUnavailable { get; init; }

        public bool HasLostBatches { get; set; }

        public string Padding { get; set; } = "";

        public ChatOutcome Outcome { get; init; }

        public long Last { get; set; }

        public List<ChatPost> Posts { get; } = [];

        public void Add()
        {
            TaskCompletionSource next;
            lock (_lock)
            {
                Last++;
                (next, _next) = (_next, new());
            }

            next.SetResult();
        }

        public bool IsEnabled(ChannelName channel) => IsOn;

        public ValueTask<ChatBatches?> FindAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
            IsUnavailable ? throw new ChatUnavailableException(new TimeoutException())
                : new(IsOn ? new ChatBatches(1, Last, """{"slowSeconds":5}"""u8.ToArray()) : null);

        public Task WhenAfter(SessionId session, long after)
        {
            lock (_lock)
            {
                return after < Last ? Task.CompletedTask : _next.Task;
            }
        }

        public ValueTask<ReadOnlyMemory<byte>?> ReadAsync(ChannelName channel, SessionId session, long batch,
            CancellationToken cancellationToken) =>
            IsUnavailable || HasLostBatches ? throw new ChatUnavailableException(new TimeoutException())
            : IsOn && batch >= 1 && batch <= Last
                ? new(Encoding.UTF8.GetBytes($$"""{"messages":[],{{Padding}}"batch":{{batch}}}"""))
            : new((ReadOnlyMemory<byte>?)null);

        public ValueTask<ReadOnlyMemory<byte>?> ReadQuestionsAsync(ChannelName channel, SessionId session,
            CancellationToken cancellationToken) =>
            IsUnavailable ? throw new ChatUnavailableException(new TimeoutException())
            : new(IsOn ? """{"questions":[]}"""u8.ToArray() : (ReadOnlyMemory<byte>?)null);

        public Task<ChatAnswer> JoinAsync(ChannelName channel, string? name, string? viewer, IPAddress? client,
            CancellationToken cancellationToken) =>
            Task.FromResult(IsOn ? new ChatAnswer(ChatOutcome.Accepted, $"token of {name}{viewer}") { From = "abc" }
                : new(ChatOutcome.Denied, "a reason"));

        public Task<ChatAnswer> SendAsync(ChatPost post, CancellationToken cancellationToken)
        {
            Posts.Add(post);
            return Task.FromResult(!IsOn ? new ChatAnswer(ChatOutcome.Denied, "a reason")
                : IsUnavailable ? new(ChatOutcome.Unavailable, "a reason")
                : Outcome is ChatOutcome.Accepted or ChatOutcome.Held ? new(Outcome, "1-0") : new(Outcome, "a reason"));
        }
    }
}
