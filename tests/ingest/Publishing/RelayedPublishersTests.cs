using Broadcast.Ingest.Health;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Publishing;

/// <summary>Publishers that are connected to another server, at the owner of their session.</summary>
public sealed class RelayedPublishersTests
{
    private const byte Audio = 8;
    private const byte Video = 9;
    private readonly RememberingAuthority _authority = new();
    private readonly RememberingSink _sink = new();
    private readonly ManualTimeProvider _time = new();
    private readonly List<RelayEnd> _ends = [];
    private readonly IngestOptions _options = new();

    [Fact]
    public async Task Granted_publisher_is_processed_as_if_it_were_connected_here()
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration).ShouldBeNull();
        for (var frame = 0; frame < 50; frame++)
        {
            Send(publisher, Frame(frame * 40, frame % 25 == 0)).ShouldBeNull();
        }

        await publisher.EndAsync("the encoder finished");

        _sink.Single.Of(TrackKind.Video).Length.ShouldBe(50);
        _sink.Single.Completed.ShouldBeTrue();
        var (grant, reason) = _authority.Ended.ShouldHaveSingleItem();
        (reason, grant.State.Totals.VideoFrames).ShouldBe(("the encoder finished", 50));
        grant.State.Totals.Bytes.ShouldBe(Configuration.Payload.Length + (50 * Frame(0, true).Payload.Length));
        _ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task Rejected_publisher_gets_the_decision()
    {
        var (publisher, decision) = await Publishers().OpenAsync(new PublishRequest("bad", null, ""), _ends.Add, default);

        publisher.ShouldBeNull();
        decision.ShouldBeOfType<PublishDecision.Rejected>().Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        _authority.Ended.ShouldBeEmpty();
    }

    [Fact]
    public async Task Publisher_whose_channel_has_moved_on_gets_the_other_server()
    {
        var (publisher, decision) = await Publishers().OpenAsync(new PublishRequest("elsewhere", null, ""), _ends.Add, default);

        publisher.ShouldBeNull();
        decision.ShouldBeOfType<PublishDecision.OnAirElsewhere>().Target.ShouldBe(RememberingAuthority.Elsewhere);
    }

    [Fact]
    public async Task Violated_rule_becomes_an_end_with_the_code_for_the_encoder()
    {
        var publisher = await OpenAsync();

        var end = Send(publisher, new(Video, 0, new byte[] { 0x22, 0, 0 }, RelayedContent.Media, 0)).ShouldNotBeNull();

        (end.Status, end.Reason).ShouldBe(("NetStream.Publish.Rejected",
            "Video codec Sorenson H.263 is not supported. Set the encoder to H.264, or to HEVC, AV1 or VP9 over Enhanced RTMP."));
        await publisher.EndAsync(end.Reason);
        _authority.Ended.ShouldHaveSingleItem().Reason.ShouldBe(end.Reason);
    }

    [Fact]
    public async Task Empty_unknown_and_malformed_messages_are_ignored()
    {
        var publisher = await OpenAsync();
        foreach (var (type, body) in new (byte, byte[])[]
        {
            (Video, []), (Audio, []), (18, []), (18, [2]), (15, [0, 2, 0, 9]), (0, [1]), (20, [1, 2, 3]), (255, [1]), (Video, [0x17]),
        })
        {
            Send(publisher, new(type, 0, body, RelayedContent.Media, 0)).ShouldBeNull();
        }

        await publisher.EndAsync("over");
        _sink.All.ShouldBeEmpty();
    }

    [Fact]
    public async Task Arrival_is_the_time_at_the_relay_and_never_goes_back()
    {
        var publisher = await OpenAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        Send(publisher, Configuration, TimeSpan.FromSeconds(10));
        double[] ages = [10, 9, 9.5, 0, 4, 0];
        for (var frame = 0; frame < ages.Length; frame++)
        {
            Send(publisher, Frame(frame * 40, true), TimeSpan.FromSeconds(ages[frame]));
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Send(publisher, Frame(1240, true));
        await publisher.EndAsync("over");

        var start = new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
        _sink.Single.Of(TrackKind.Video).Select(sample => (sample.Arrival - start).TotalSeconds).ShouldBe([0, 1, 1, 10, 10, 10, 11]);
    }

    [Fact]
    public async Task Publisher_without_media_ends_at_the_deadline()
    {
        var publisher = await OpenAsync();
        _time.Advance(_options.FirstMediaTimeout - TimeSpan.FromSeconds(1));
        _ends.ShouldBeEmpty();

        _time.Advance(TimeSpan.FromSeconds(2));

        _ends.ShouldHaveSingleItem().ShouldBe(new RelayEnd("No usable audio or video arrived.", "NetStream.Publish.Rejected"));
        await publisher.EndAsync(_ends[0].Reason);
        _authority.Ended.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Publisher_that_stops_sending_ends_at_the_deadline()
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration);
        for (var second = 0; second < 100; second++)
        {
            Send(publisher, Frame(second * 1000, true));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        _ends.ShouldBeEmpty();
        _time.Advance(_options.InputLossTimeout);

        _ends.ShouldHaveSingleItem().Reason.ShouldBe("Audio and video stopped.");
        await publisher.EndAsync(_ends[0].Reason);
    }

    [Fact]
    public async Task Publisher_of_video_without_a_keyframe_has_the_deadline_for_keyframes()
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration);
        Send(publisher, Frame(0, false));
        _time.Advance(_options.FirstMediaTimeout + TimeSpan.FromSeconds(1));
        _ends.ShouldBeEmpty();

        Send(publisher, Frame(40, false));
        _time.Advance(_options.KeyframeTimeout - _options.FirstMediaTimeout);

        _ends.ShouldHaveSingleItem().Reason.ShouldContain("No keyframe");
        await publisher.EndAsync(_ends[0].Reason);
    }

    [Fact]
    public async Task Publication_whose_session_moves_ends_before_the_next_keyframe_without_processing_it()
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration).ShouldBeNull();
        Send(publisher, Frame(0, true)).ShouldBeNull();
        await _authority.Move.CancelAsync();
        Send(publisher, Frame(40, false)).ShouldBeNull();
        Send(publisher, new(Audio, 50, new byte[] { 0xAF, 1, 1, 2, 3 }, RelayedContent.Media, 0)).ShouldBeNull("video decides");

        var end = Send(publisher, Frame(80, true)).ShouldNotBeNull();

        (end.IsMoved, end.Status).ShouldBe((true, null));
        await publisher.EndAsync(end.Reason);
        _sink.Single.Of(TrackKind.Video).Length.ShouldBe(2);
        _ends.ShouldBeEmpty("the reply to the message is enough");
    }

    [Fact]
    public async Task Publication_without_video_ends_before_the_next_audio_frame()
    {
        var publisher = await OpenAsync();
        Send(publisher, new(Audio, 0, new byte[] { 0xAF, 0, 0x12, 0x10 }, RelayedContent.Configuration, 0)).ShouldBeNull();
        Send(publisher, new(Audio, 0, new byte[] { 0xAF, 1, 1, 2, 3 }, RelayedContent.Media, 0)).ShouldBeNull();
        await _authority.Move.CancelAsync();
        Send(publisher, new(Audio, 20, new byte[] { 0xAF, 0, 0x12, 0x10 }, RelayedContent.Configuration, 0)).ShouldBeNull();

        Send(publisher, new(Audio, 20, new byte[] { 0xAF, 1, 1, 2, 3 }, RelayedContent.Media, 0)).ShouldNotBeNull().IsMoved.ShouldBeTrue();
        await publisher.EndAsync("over");
    }

    [Theory]
    [InlineData(false, "Permission to publish was revoked.")]
    [InlineData(true, "Another encoder took over (superseded).")]
    public async Task Revocation_is_reported_once_with_its_reason(bool isSuperseded, string reason)
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration);
        if (isSuperseded)
        {
            _authority.SupersedeAll();
        }
        else
        {
            _authority.RevokeAll();
        }

        _time.Advance(TimeSpan.FromMinutes(5));

        _ends.ShouldHaveSingleItem().ShouldBe(new RelayEnd(reason, "NetStream.Publish.Rejected"));
        await publisher.EndAsync(reason);
        _authority.Ended.ShouldHaveSingleItem().Reason.ShouldBe(reason);
    }

    [Fact]
    public async Task Failure_of_the_pipeline_ends_the_publication()
    {
        _sink.Fails = true;
        var publisher = await OpenAsync();
        Send(publisher, Configuration);
        for (var frame = 0; frame < 50; frame++)
        {
            Send(publisher, Frame(frame * 40, frame == 0));
        }

        await Poll.UntilAsync(() => _ends.Count == 1);
        _ends[0].Reason.ShouldBe("The server cannot process the stream.");
        await publisher.EndAsync(_ends[0].Reason);
    }

    [Fact]
    public async Task Ended_publisher_reports_nothing_more()
    {
        var publisher = await OpenAsync();
        Send(publisher, Configuration);
        await publisher.EndAsync("the encoder closed the connection");

        _authority.RevokeAll();
        _time.Advance(TimeSpan.FromMinutes(5));

        _ends.ShouldBeEmpty();
        _authority.Ended.ShouldHaveSingleItem();
        _time.ArmedTimers.ShouldBe(0);
    }

    private static RelayedMessage Configuration { get; } =
        new(Video, 0, (byte[])[0x17, 0, 0, 0, 0, .. Wire.AvcRecord], RelayedContent.Configuration, 0);

    private static RelayedMessage Frame(int time, bool isKeyframe) =>
        new(Video, (uint)time, Wire.VideoBody(isKeyframe), isKeyframe ? RelayedContent.Keyframe : RelayedContent.Media, 0);

    private static RelayEnd? Send(IRelayedPublisher publisher, RelayedMessage message, TimeSpan age = default) =>
        publisher.Process(message, age);

    private async Task<IRelayedPublisher> OpenAsync() =>
        (await Publishers().OpenAsync(new PublishRequest("good", null, "Test/1.0"), _ends.Add, default)).Publisher.ShouldNotBeNull();

    private RelayedPublishers Publishers() => new(_authority, _sink, new SourceRegistry(_time), Options.Create(_options), _time,
        NullLogger<RelayedPublishers>.Instance);
}
