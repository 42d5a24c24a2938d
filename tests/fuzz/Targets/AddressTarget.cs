using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>
/// Addresses under <c>/live/</c> and playlist queries: accepted addresses round-trip, and each playlist request gets a decision consistent
/// with its playlist.
/// </summary>
internal sealed class AddressTarget : FuzzTarget
{
    private static readonly RenditionEdge Edge = new(10, 6, 2);

    public override string Name => "addresses";

    public override int MaxLength => 512;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        .. new[] { "/live/", "demo", "/", "01JN8E0000000000000000000A", "source", ".m3u8", ".m4s", "init-", ".mp4", "thumbnails", ".jpg",
            "beacon", "?", "&", "=", "_HLS_msn=", "_HLS_part=", "_HLS_skip=", "YES", "v2", "0", "9", "10", "11", "12" }
            .Select(Encoding.ASCII.GetBytes),
    ];

    public override void Run(byte[] input, ref Shape shape)
    {
        var text = Encoding.Latin1.GetString(input);
        var mark = text.IndexOf('?', StringComparison.Ordinal);
        if (LivePath.TryParse(mark < 0 ? text : text[..mark], out var path))
        {
            shape.Kind(1 + (int)path.Kind);
            Hold(path.Number >= 0 && path.Part >= 0, "a number below 0");
            if (path is { Kind: LivePathKind.Init or LivePathKind.Segment or LivePathKind.Sheet, Init: 0 })
            {
                Hold($"/{path.Object}" == text[..(mark < 0 ? text.Length : mark)], "one object has two addresses");
            }
        }

        if (!DeliveryDirectives.TryParse(mark < 0 ? "" : text[mark..], out var request))
        {
            shape.Kind(-1);
            return;
        }

        var again = string.Join('&', new[]
        {
            request.Part is { } part ? string.Create(CultureInfo.InvariantCulture, $"_HLS_part={part}") : "",
            request.Segment is { } segment ? string.Create(CultureInfo.InvariantCulture, $"_HLS_msn={segment}") : "",
            request.IsDelta ? "_HLS_skip=v2" : "",
        });
        Hold(DeliveryDirectives.TryParse(again, out var second) && second == request, "what was read is not what was meant");
        var verdict = BlockingReload.Evaluate(request, Edge, LatencyProfile.Low, default, TimeSpan.Zero);
        shape.Kind((int)verdict);
        shape.Kind((request.Segment is null ? 0 : 1) + (request.Part is null ? 0 : 2) + (request.IsDelta ? 4 : 0));
        Hold(verdict != ReloadDecision.Unavailable, "given up before it waited");
        Hold(verdict != ReloadDecision.RespondRequested || request.Segment <= Edge.LastSegment + 1, "answered with what does not exist");
        Hold(verdict != ReloadDecision.Hold || request.Segment is >= 10 and <= 12, "waits for what is there, or never comes");
        Hold(BlockingReload.Evaluate(request, Edge, LatencyProfile.Low, new ProducerState(IsEnded: true, IsStalled: false), TimeSpan.Zero)
            == ReloadDecision.Respond, "a session that is over answers");
    }

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = "";
        return false;
    }
}
