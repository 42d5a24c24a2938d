using System.Net.Sockets;
using System.Security.Authentication;
using Broadcast.Media.Outbound;
using Broadcast.Publisher;
using Broadcast.Targets.Legs;
using Shouldly;
using Xunit;

namespace Broadcast.Targets.Tests;

/// <summary>Explanations of failures, and times between attempts.</summary>
public sealed class LegFailureTests
{
    private const string Key = "live_1234-abcd";

    public static TheoryData<Exception, double?, bool, string> Failures => new()
    {
        { new RtmpPublishException("NetStream.Publish.BadName", "Stream already publishing"), null, true, "another encoder uses it" },
        { new RtmpPublishException("NetStream.Publish.BadName", "Stream already publishing"), 20, false, "previous connection" },
        { new RtmpPublishException("NetStream.Publish.BadName", "Stream already publishing"), 600, true, "another encoder uses it" },
        { new RtmpPublishException("NetStream.Publish.Denied", "no"), null, true, "Copy it again" },
        { new RtmpPublishException("NetConnection.Connect.InvalidApp", "no app"), null, true, "path of the address" },
        { new RtmpPublishException("NetConnection.Connect.Rejected", "blocked"), null, true, "rejects the connection (blocked)" },
        { new RtmpPublishException("NetConnection.Connect.Rejected", "") { Redirect = $"rtmp://b.example/live/{Key}" }, null, true,
            "rtmp://b.example/live/…" },
        { new RtmpPublishException("", ""), null, false, "ended the publication" },
        { new OutboundDeniedException("10.0.0.1", "private", "Control:X"), null, true, "Control:X" },
        { new AuthenticationException("The remote certificate is invalid."), null, true, "certificate" },
        { new AuthenticationException("Authentication failed, see inner exception."), null, false, "TLS handshake" },
        { new SocketException((int)SocketError.HostNotFound), null, false, "does not exist" },
        { new SocketException((int)SocketError.ConnectionRefused), null, false, "no connections at this port" },
        { new SocketException((int)SocketError.NetworkUnreachable), null, false, "NetworkUnreachable" },
        { new TimeoutException("The server did not answer 'connect' within 10 s."), null, false, "'connect'" },
        { new IOException("The platform closed the connection."), null, false, "closed the connection" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Failure_is_explained(Exception error, double? secondsSinceLive, bool isRejected, string words)
    {
        var failure = LegFailure.Explain(error, Key, secondsSinceLive is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        failure.IsRejected.ShouldBe(isRejected);
        failure.Reason.ShouldContain(words);
    }

    [Fact]
    public void Text_of_a_platform_is_shown_without_the_stream_key()
    {
        var error = new RtmpPublishException("NetStream.Publish.Denied",
            $"stream\r\n {Key.ToUpperInvariant()} is unknown" + new string('x', 5000));
        var reason = LegFailure.Explain(error, Key, null).Reason;
        reason.ShouldNotContain(Key, Case.Insensitive);
        reason.ShouldNotContain('\n');
        reason.Length.ShouldBeLessThan(300);
    }

    [Theory]
    [InlineData("live_1234-abcd?bandwidthtest=true", "key live_1234-abcd?bandwidthtest=true")]
    [InlineData("live_1234-abcd?bandwidthtest=true", "key live_1234-abcd is wrong")]
    [InlineData("live_1234-abcd?a=b", "key live_1234-abcd%3Fa%3Db")]
    public void Forms_of_a_stream_key_are_not_shown(string key, string text) =>
        LegFailure.Clean(text, key).ShouldNotContain("1234");

    [Fact]
    public void Text_of_a_platform_is_valid_after_it_was_shortened()
    {
        var text = LegFailure.Clean(new string('x', 199) + "\U0001F600\u202E\uD83D and more", Key);
        text.Length.ShouldBeLessThanOrEqualTo(200);
        text.ShouldAllBe(character => !char.IsSurrogate(character) && character != '\u202E');
    }

    [Fact]
    public void Times_between_attempts_grow_and_begin_again_after_a_stable_publication()
    {
        var policy = new RetryPolicy(() => 0.5);
        Enumerable.Range(0, 7).Select(_ => policy.Next(TimeSpan.Zero, false).TotalSeconds).ShouldBe([1, 2, 4, 8, 16, 30, 30]);
        policy.Next(TimeSpan.FromSeconds(10), false).TotalSeconds.ShouldBe(30, "it publishes and closes every 10 s");
        policy.Next(TimeSpan.FromSeconds(60), false).TotalSeconds.ShouldBe(1);
        policy.Next(TimeSpan.Zero, false).TotalSeconds.ShouldBe(2);
        policy.Next(TimeSpan.Zero, true).ShouldBe(RetryPolicy.WhenRejected);
    }

    [Theory]
    [InlineData(0, 0.75)]
    [InlineData(1, 1.25)]
    public void Times_between_attempts_vary_by_a_quarter(double random, double seconds) =>
        new RetryPolicy(() => random).Next(TimeSpan.Zero, false).TotalSeconds.ShouldBe(seconds);
}
