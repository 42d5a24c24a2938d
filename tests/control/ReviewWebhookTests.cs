using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Chat;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Requests to the review webhook of the chat.</summary>
public sealed class ReviewWebhookTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-webhook-32-chars";
    private static readonly ReviewedMessage Hello = new(ChannelName.Parse("demo"), SessionId.Parse("01JN8E0000000000000000000A"),
        Ulid.FromBytes(new byte[16]), "Ada", "member", IsQuestion: false, "Hello \"you\"",
        new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero));

    private readonly ManualTimeProvider _clock = new();
    private readonly CapturingLogger _log = new();
    private FakeAuthCallback _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await FakeAuthCallback.StartAsync();

    public async ValueTask DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Request_is_signed_and_says_who_writes_what_where()
    {
        using var webhook = Create();
        _receiver.Answer = FakeAuthCallback.Says("""{"decision":"allow"}""");
        (await webhook.ReviewAsync(Hello, default)).ShouldBe(new(ReviewAction.Allow));

        var request = _receiver.Asked.Single();
        request.Path.ShouldBe("/review?key=k");
        request.Json.GetProperty("type").GetString().ShouldBe("chat.review");
        request.Json.GetProperty("channel").GetString().ShouldBe("demo");
        request.Json.GetProperty("kind").GetString().ShouldBe("message");
        request.Json.GetProperty("participant").GetString().ShouldBe(Hello.Participant.Value);
        request.Json.GetProperty("role").GetString().ShouldBe("member");
        request.Json.GetProperty("text").GetString().ShouldBe("Hello \"you\"");
        request.Json.GetProperty("time").GetDateTimeOffset().ShouldBe(Hello.MediaTime);
        var id = request.Headers[WebhookSignature.IdHeader].ToString();
        id.ShouldBe("review_" + request.Json.GetProperty("id").GetGuid().ToString("N"));
        var signed = Encoding.UTF8.GetBytes($"{id}.{request.Headers[WebhookSignature.TimestampHeader]}.").Concat(request.Body).ToArray();
        request.Headers[WebhookSignature.SignatureHeader].ToString()
            .ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed)));
    }

    [Theory]
    [InlineData("""{"decision":"allow"}""", ReviewAction.Allow, null, null)]
    [InlineData("""{"decision":"allow","text":null,"reason":"ignored"}""", ReviewAction.Allow, null, null)]
    [InlineData("""{"decision":"allow","text":"h***","score":0.5}""", ReviewAction.Allow, "h***", null)]
    [InlineData("""{"decision":"allow","text":""}""", ReviewAction.Allow, "", null)]
    [InlineData("""{"decision":"hold","reason":"Spam\u0007"}""", ReviewAction.Hold, null, "Spam")]
    [InlineData("""{"decision":"hold","text":"a"}""", ReviewAction.Hold, "a", null)]
    [InlineData("""{"decision":"deny"}""", ReviewAction.Deny, null, null)]
    [InlineData("""{"decision":"deny","reason":"Be nice.","text":"a"}""", ReviewAction.Deny, null, "Be nice.")]
    public void Responses_decide(string body, object action, string? text, string? reason) =>
        ReviewWebhook.Read(200, Encoding.UTF8.GetBytes(body)).Result.ShouldBe(new ReviewResult((ReviewAction)action, text, reason));

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "[]")]
    [InlineData(200, "null")]
    [InlineData(200, """{"decision":"Allow"}""")]
    [InlineData(200, """{"decision":true}""")]
    [InlineData(200, """{"allow":true}""")]
    [InlineData(200, """{"decision":"deny","decision":"allow"}""")]
    [InlineData(200, """{"decision":"allow","text":5}""")]
    [InlineData(200, """{"decision":"allow","text":"\ud800"}""")]
    [InlineData(204, "")]
    [InlineData(302, """{"decision":"allow"}""")]
    [InlineData(401, """{"decision":"allow"}""")]
    [InlineData(500, """{"decision":"allow"}""")]
    public void Other_responses_decide_nothing(int status, string body) =>
        ReviewWebhook.Read(status, Encoding.UTF8.GetBytes(body)).Result.ShouldBeNull();

    [Theory]
    [InlineData("hold", ReviewAction.Hold)]
    [InlineData("allow", ReviewAction.Allow)]
    [InlineData("deny", ReviewAction.Deny)]
    public async Task Webhook_that_hangs_holds_a_message_until_the_timeout_and_the_default_decides(string failure, object action)
    {
        using var webhook = Create(failure);
        var released = new TaskCompletionSource();
        _receiver.Answer = _ => released.Task;
        var reviewing = webhook.ReviewAsync(Hello, default);
        await Poll.UntilAsync(() => !_receiver.Asked.IsEmpty);
        _clock.Advance(TimeSpan.FromSeconds(2.9));
        reviewing.IsCompleted.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        (await reviewing).Action.ShouldBe((ReviewAction)action);
        released.SetResult();
    }

    [Fact]
    public async Task Outage_is_logged_once_with_its_end_and_without_the_messages()
    {
        using var webhook = Create();
        _receiver.Answer = FakeAuthCallback.Says("", 500);
        for (var i = 0; i < 3; i++)
        {
            (await webhook.ReviewAsync(Hello, default)).Action.ShouldBe(ReviewAction.Hold);
        }

        _receiver.Answer = FakeAuthCallback.Says("""{"decision":"allow"}""");
        await webhook.ReviewAsync(Hello, default);
        await webhook.ReviewAsync(Hello, default);
        _log.Lines.ShouldBe(
        [
            "The chat review webhook failed: status. Messages without its decision: hold", "The chat review webhook responds again",
        ]);
    }

    [Fact]
    public async Task Response_that_is_too_large_decides_nothing()
    {
        using var webhook = Create("deny");
        _receiver.Answer = FakeAuthCallback.Says($$"""{"decision":"allow","x":"{{new string('x', 9000)}}"}""");
        (await webhook.ReviewAsync(Hello, default)).Action.ShouldBe(ReviewAction.Deny);
    }

    [Fact]
    public async Task Without_a_configured_webhook_nothing_is_reviewed()
    {
        using var webhook = new ReviewWebhook(Options.Create(new AuthorizationOptions { Secret = Secret }), _clock,
            _log.For<ReviewWebhook>());
        webhook.IsEnabled.ShouldBeFalse();
        (await webhook.ReviewAsync(Hello, default)).ShouldBe(new(ReviewAction.Allow));
    }

    private ReviewWebhook Create(string failure = "hold") => new(Options.Create(new AuthorizationOptions
    {
        ChatReviewUrl = _receiver.Address + "/review?key=k", ChatReviewFailure = failure, Secret = Secret,
    }), _clock, _log.For<ReviewWebhook>());
}
