using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Tests.Rtmp;
using Shouldly;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rejections caused by hostile bytes.</summary>
internal static class Refusal
{
    /// <summary>The reason that a session is ended for, which must be the rule's.</summary>
    public static IngestRejectionReason Of(string rule, params byte[] bytes) => Of(rule, new SessionHarness(), bytes);

    public static IngestRejectionReason Of(string rule, SessionHarness session, params byte[] bytes)
    {
        var refusal = Should.Throw<RtmpProtocolException>(() => session.Feeds(bytes));
        refusal.Rule.ShouldBe(rule);
        return refusal.Reason;
    }

    /// <summary>Bytes behind an accepted publish.</summary>
    public static byte[] Accepted(params byte[][] parts) => [.. Wire.Opening(), .. parts.SelectMany(p => p)];

    /// <summary>The same bytes many times.</summary>
    public static byte[] Times(int count, byte[] bytes) => [.. Enumerable.Repeat(bytes, count).SelectMany(b => b)];

    /// <summary>Bytes of garbage allocated by this thread meanwhile.</summary>
    public static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
