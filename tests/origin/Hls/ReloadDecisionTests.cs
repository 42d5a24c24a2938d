using Broadcast.Media;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Tests.Hls;

/// <summary>draft-pantos-hls-rfc8216bis, 6.2.5.2, as a table.</summary>
public class ReloadDecisionTests
{
    /// <summary>The last complete segment is 10 with parts 0 to 5; segment 11 has parts 0 and 1.</summary>
    private static readonly RenditionEdge Edge = new(10, 6, 2);

    [Theory]
    // No directive: immediately.
    [InlineData("", "Respond")]
    [InlineData("?_HLS_skip=YES", "Respond")]
    // A segment without a part: once it is complete.
    [InlineData("_HLS_msn=0", "Respond")]
    [InlineData("_HLS_msn=9", "Respond")]
    [InlineData("_HLS_msn=10", "RespondRequested")]
    [InlineData("_HLS_msn=11", "Hold")]
    [InlineData("_HLS_msn=12", "Hold")]
    // "greater than the Media Sequence Number of the last Media Segment … plus two"
    [InlineData("_HLS_msn=13", "Reject")]
    [InlineData("_HLS_msn=999999999999999", "Reject")]
    // A part.
    [InlineData("_HLS_msn=9&_HLS_part=5", "Respond")]
    [InlineData("_HLS_msn=10&_HLS_part=5", "RespondRequested")]
    [InlineData("_HLS_msn=11&_HLS_part=0", "RespondRequested")]
    [InlineData("_HLS_msn=11&_HLS_part=1", "RespondRequested")]
    [InlineData("_HLS_msn=11&_HLS_part=2", "Hold")]
    // Beyond the final part of a segment: part 0 of the next. The final part of 11 is not known yet.
    [InlineData("_HLS_msn=9&_HLS_part=6", "Respond")]
    [InlineData("_HLS_msn=10&_HLS_part=6", "RespondRequested")]
    [InlineData("_HLS_msn=10&_HLS_part=999999999999999", "RespondRequested")]
    // 3 / 0.35 is 8.6, so up to nine parts beyond the last can be requested.
    [InlineData("_HLS_msn=11&_HLS_part=10", "Hold")]
    [InlineData("_HLS_msn=11&_HLS_part=11", "Reject")]
    [InlineData("_HLS_msn=12&_HLS_part=0", "Hold")]
    [InlineData("_HLS_msn=12&_HLS_part=8", "Hold")]
    [InlineData("_HLS_msn=12&_HLS_part=9", "Reject")]
    [InlineData("_HLS_msn=12&_HLS_part=999999999999999", "Reject")]
    // "an _HLS_part directive but no _HLS_msn directive"
    [InlineData("_HLS_part=0", "Reject")]
    public void Each_directive_gets_the_decision_of_the_specification(string query, string verdict) =>
    Judge(query, Edge).ShouldBe(Enum.Parse<ReloadDecision>(verdict));

    [Theory]
    [InlineData("_HLS_msn=10&_HLS_part=6", "Hold")]
    [InlineData("_HLS_msn=11&_HLS_part=0", "Hold")]
    [InlineData("_HLS_msn=11&_HLS_part=8", "Hold")]
    [InlineData("_HLS_msn=11&_HLS_part=9", "Reject")]
    [InlineData("_HLS_msn=10&_HLS_part=5", "RespondRequested")]
    public void Request_between_two_segments_waits_for_the_first_part_of_the_next(string query, string verdict) =>
        Judge(query, Edge with { OpenParts = 0 }).ShouldBe(Enum.Parse<ReloadDecision>(verdict));

    [Theory]
    [InlineData(0, "Hold")]
    [InlineData(8999, "Hold")]
    [InlineData(9000, "Unavailable")]
    public void Server_stops_holding_a_request_after_three_target_durations(int milliseconds, string verdict) =>
        Judge("_HLS_msn=11&_HLS_part=2", Edge, held: TimeSpan.FromMilliseconds(milliseconds)).ShouldBe(Enum.Parse<ReloadDecision>(verdict));

    [Fact]
    public void Input_loss_holds_no_request_and_returns_no_outdated_playlist()
    {
        var stalled = new ProducerState(IsEnded: false, IsStalled: true);

        Judge("_HLS_msn=11&_HLS_part=2", Edge, stalled).ShouldBe(ReloadDecision.Unavailable);
        Judge("_HLS_msn=12", Edge, stalled).ShouldBe(ReloadDecision.Unavailable);
        Judge("", Edge, stalled).ShouldBe(ReloadDecision.Respond);
        Judge("_HLS_msn=11&_HLS_part=1", Edge, stalled).ShouldBe(ReloadDecision.RespondRequested);
        Judge("_HLS_msn=13", Edge, stalled).ShouldBe(ReloadDecision.Reject);
    }

    [Theory]
    [InlineData("_HLS_msn=11&_HLS_part=2")]
    [InlineData("_HLS_msn=999")]
    [InlineData("_HLS_part=1")]
    public void Directives_are_ignored_in_an_ended_session(string query) =>
        Judge(query, Edge, new ProducerState(IsEnded: true, IsStalled: true), TimeSpan.FromMinutes(1)).ShouldBe(ReloadDecision.Respond);

    [Theory]
    [InlineData("_HLS_msn=11&_HLS_part=2")]
    [InlineData("_HLS_msn=999")]
    [InlineData("_HLS_part=1")]
    public void Directives_are_ignored_where_they_are_not_offered(string query)
    {
        Judge(query, Edge, latency: LatencyProfile.Standard).ShouldBe(ReloadDecision.Respond);
        Judge(query, Edge, latency: LatencyProfile.Safe).ShouldBe(ReloadDecision.Respond);
        Judge(query, null).ShouldBe(ReloadDecision.Respond);
    }

    [Theory]
    [InlineData(0.2, 15)]
    [InlineData(0.35, 9)]
    [InlineData(0.5, 6)]
    [InlineData(1, 3)]
    [InlineData(2, 3)]
    public void The_advance_part_limit_is_three_seconds_of_parts_or_three_parts(double seconds, int limit) =>
        BlockingReload.AdvancePartLimit(TimeSpan.FromSeconds(seconds)).ShouldBe(limit);

    [Theory]
    [InlineData(null, null, null, false)]
    [InlineData("?", null, null, false)]
    [InlineData("?_HLS_msn=7&_HLS_part=0", 7L, 0, false)]
    [InlineData("?_HLS_part=0&_HLS_msn=7", 7L, 0, false)]
    [InlineData("?a=b&_HLS_skip=YES&&_HLS_msn=7&=&x", 7L, null, true)]
    [InlineData("?_HLS_skip=v2", null, null, true)]
    [InlineData("?_HLS_skip=v3", null, null, false)]
    [InlineData("?_HLS_skip=yes", null, null, false)]
    [InlineData("?_HLS_skip", null, null, false)]
    [InlineData("?_HLS_future=1&_hls_msn=4&_HLS_msnx=4", null, null, false)]
    [InlineData("?_HLS_msn=007", 7L, null, false)]
    public void Directives_are_parsed_in_any_order_and_unknown_parameters_are_ignored(string? query, long? segment, int? part, bool delta)
    {
        DeliveryDirectives.TryParse(query, out var request).ShouldBeTrue();
        request.ShouldBe(new DeliveryDirectives(segment, part, delta));
    }

    [Theory]
    [InlineData("?_HLS_msn=")]
    [InlineData("?_HLS_msn")]
    [InlineData("?_HLS_msn=-1")]
    [InlineData("?_HLS_msn=1.5")]
    [InlineData("?_HLS_msn=%31")]
    [InlineData("?_HLS_msn=+1")]
    [InlineData("?_HLS_msn=1&_HLS_msn=1")]
    [InlineData("?_HLS_msn=1&_HLS_part=x")]
    [InlineData("?_HLS_msn=1&_HLS_part=0&_HLS_part=1")]
    [InlineData("?_HLS_msn=1000000000000000")]
    [InlineData("?_HLS_skip=YES&_HLS_skip=v2")]
    public void Invalid_or_repeated_directive_is_rejected(string query) => DeliveryDirectives.TryParse(query, out _).ShouldBeFalse();

    private static ReloadDecision Judge(
        string query, RenditionEdge? edge, ProducerState producer = default, TimeSpan held = default, LatencyProfile? latency = null)
    {
        DeliveryDirectives.TryParse(query, out var request).ShouldBeTrue();
        return BlockingReload.Evaluate(request, edge, latency ?? LatencyProfile.Low, producer, held);
    }
}
