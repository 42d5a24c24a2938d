using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Channels whose viewers are authorized by an auth callback.</summary>
public sealed class ViewerAuthCacheTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-webhook-32-chars";
    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.5");
    private readonly ManualTimeProvider _clock = new();
    private readonly CapturingLogger _log = new();
    private FakeAuthCallback _webhook = null!;
    private ViewerAuthCallback _client = null!;
    private ViewerAuthCache _viewers = null!;

    public async ValueTask InitializeAsync()
    {
        _webhook = await FakeAuthCallback.StartAsync();
        _client = new(Options.Create(new AuthorizationOptions { ViewerUrl = _webhook.Address + "/view?key=k", Secret = Secret }), _clock,
            _log.For<ViewerAuthCallback>());
        _viewers = new(_client, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _webhook.DisposeAsync();
    }

    [Fact]
    public async Task Viewer_decision_is_requested_once_and_cached_for_the_returned_duration()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"seconds":30}""");
        for (var i = 0; i < 5; i++)
        {
            (await AskAsync("ticket")).ShouldBe(new(null, TimeSpan.FromSeconds(5)));
        }

        _webhook.Asked.Count.ShouldBe(1);
        _clock.Advance(TimeSpan.FromSeconds(28));
        (await AskAsync("ticket")).CacheDuration.ShouldBe(TimeSpan.FromSeconds(2), "no edge may keep it longer than we");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _webhook.Answer = FakeAuthCallback.Says("", 403);
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        _webhook.Asked.Count.ShouldBe(2);
        _clock.Advance(TimeSpan.FromSeconds(9));
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        _webhook.Asked.Count.ShouldBe(2, "a no is remembered for 10 s");
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AskAsync("ticket");
        _webhook.Asked.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Steps_of_the_system_clock_neither_extend_nor_end_decisions()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"seconds":30}""");
        await AskAsync("ticket");

        _clock.Step(TimeSpan.FromHours(1));
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
        _webhook.Asked.Count.ShouldBe(1, "it is not an hour later");

        _clock.Step(-TimeSpan.FromHours(2));
        _webhook.Answer = FakeAuthCallback.Says("", 403);
        _clock.Advance(TimeSpan.FromSeconds(30));
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
    }

    [Fact]
    public async Task Viewer_decisions_are_cached_by_token_channel_and_address_or_IPv6_network()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        await AskAsync("ticket");
        await AskAsync("other");
        await AskAsync(null);
        await AskAsync("ticket", "198.51.100.1");
        await AskAsync("ticket", "2001:db8::1");
        await AskAsync("ticket", "2001:db8::ffff");
        await AskAsync("ticket", channel: "second");
        _webhook.Asked.Count.ShouldBe(6);
    }

    [Fact]
    public async Task Auth_callback_is_signed_and_contains_the_token_only_in_its_body()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        await AskAsync("ticket-17");

        var asked = _webhook.Asked.Single();
        var (id, at) = (asked.Headers["webhook-id"].ToString(), asked.Headers["webhook-timestamp"].ToString());
        asked.Headers["webhook-signature"].ToString()
            .ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret),
                Encoding.UTF8.GetBytes($"{id}.{at}.{asked.Text}"))));
        (asked.Json.GetProperty("type").GetString(), asked.Json.GetProperty("channel").GetString(),
            asked.Json.GetProperty("token").GetString(), asked.Json.GetProperty("address").GetString())
            .ShouldBe(("view", "demo", "ticket-17", "203.0.113.5"));
        asked.Path.ShouldBe("/view?key=k");
        _log.Lines.ShouldAllBe(line => !line.Contains("ticket-17"));
    }

    [Fact]
    public async Task Concurrent_requests_of_a_viewer_share_one_auth_callback()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _webhook.Answer = async http =>
        {
            await gate.Task;
            await FakeAuthCallback.Says("""{"allow":true}""")(http);
        };
        var asking = Enumerable.Range(0, 50).Select(_ => AskAsync("ticket").AsTask()).ToList();
        await Poll.UntilAsync(() => _webhook.Asked.Count == 1, description: "the question");
        using var impatient = new CancellationTokenSource();
        var left = _viewers.AuthorizeAsync(new(ChannelName.Parse("demo"), "ticket", Home), impatient.Token);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await left);
        gate.SetResult();

        (await Task.WhenAll(asking)).ShouldAllBe(v => v.IsAllowed);
        _webhook.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"allow":true}""", 500)]
    [InlineData("""{"allow":true}""", 302)]
    [InlineData("", 204)]
    [InlineData("""{"allow":"yes"}""", 200)]
    [InlineData("""{"allow":true,"allow":true}""", 200)]
    [InlineData("""{"allow":true,"seconds":0}""", 200)]
    [InlineData("""{"allow":true,"seconds":"60"}""", 200)]
    [InlineData("true", 200)]
    [InlineData("", 200)]
    public async Task New_viewers_are_denied_without_a_valid_callback_response(string body, int status)
    {
        _webhook.Answer = FakeAuthCallback.Says(body, status);
        (await AskAsync("ticket")).ShouldBe(new(ViewerDenialReason.Unavailable, TimeSpan.Zero) { ReplacesEarlier = true });
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        _webhook.Asked.Count.ShouldBe(1, "it is left alone for a moment");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
    }

    [Fact]
    public async Task Oversized_callback_response_is_ignored()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"x":" """ + new string('x', 5000) + "\"}");
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
    }

    [Fact]
    public async Task Known_viewers_keep_access_for_five_minutes_during_a_callback_outage()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"seconds":10}""");
        await AskAsync("ticket");
        _webhook.Answer = FakeAuthCallback.Says("", 503);
        _clock.Advance(TimeSpan.FromSeconds(10));
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
        _webhook.Asked.Count.ShouldBe(2);
        (await AskAsync("stranger")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        _clock.Advance(ViewerAuthCache.GracePeriod);
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
    }

    [Fact]
    public async Task Hanging_auth_callback_is_abandoned_after_its_timeout()
    {
        var hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _webhook.Answer = _ => hanging.Task;
        var asked = AskAsync("ticket").AsTask();
        await Poll.UntilAsync(() => _webhook.Asked.Count == 1, description: "the question");
        _clock.Advance(TimeSpan.FromSeconds(3));
        (await asked).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        hanging.SetResult();
    }

    [Fact]
    public async Task Callback_decisions_without_token_or_for_signed_tokens_are_not_cached_by_edges()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        var plain = ViewerToken.Sign("abcdefgh", new byte[32], ChannelName.Parse("demo"), _clock.GetUtcNow().AddHours(1), "jane", null);
        (await AskAsync(null)).ShouldBe(new(null, TimeSpan.Zero), "an edge keeps these by channel alone");
        (await AskAsync(plain)).ShouldBe(new(null, TimeSpan.Zero), "and these by token alone");
        (await AskAsync("ticket")).CacheDuration.ShouldBe(TimeSpan.FromSeconds(5));
        _webhook.Answer = FakeAuthCallback.Says("", 401);
        (await AskAsync(null, "198.51.100.1")).ShouldBe(new(ViewerDenialReason.Denied, TimeSpan.Zero));
        (await AskAsync("bad", "198.51.100.1")).ShouldBe(new(ViewerDenialReason.Denied, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Address_that_guesses_tokens_is_denied_without_a_callback_except_for_known_viewers()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        await AskAsync("ticket");
        _webhook.Answer = FakeAuthCallback.Says("", 403);
        for (var i = 0; i < 1_020; i++)
        {
            (await AskAsync($"guess-{i}")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        }

        _webhook.Asked.Count.ShouldBe(1_001);
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
    }

    [Fact]
    public async Task Repeated_denials_of_tokens_do_not_deny_other_viewers_at_the_same_address()
    {
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":false,"seconds":1}""");
        for (var second = 0; second < 30; second++)
        {
            for (var viewer = 0; viewer < 20; viewer++)
            {
                (await AskAsync($"expired-{viewer}")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        _webhook.Asked.Count.ShouldBe(20 * 10, "after ten denials, a token is denied without a request");
        _webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
        (await AskAsync("expired-0", "198.51.100.1")).IsAllowed.ShouldBeTrue("the token was denied at another address");
        _clock.Advance(TimeSpan.FromMinutes(1));
        (await AskAsync("expired-0")).IsAllowed.ShouldBeTrue();
    }

    private ValueTask<ViewerDecision> AskAsync(string? token, string? address = null, string channel = "demo") =>
        _viewers.AuthorizeAsync(new(ChannelName.Parse(channel), token, address is null ? Home : IPAddress.Parse(address)), default);
}
