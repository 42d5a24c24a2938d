using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Tests.Rtmp;
using Shouldly;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rejections caused by hostile bytes.</summary>
internal static class ExpectedRejection
{
    /// <summary>Returns the rejection reason and checks its rule.</summary>
    public static IngestRejectionReason Of(string rule, params byte[] bytes) => Of(rule, new SessionHarness(), bytes);

    public static IngestRejectionReason Of(string rule, SessionHarness session, params byte[] bytes)
    {
        var refusal = Should.Throw<RtmpProtocolException>(() => session.Feeds(bytes));
        refusal.Rule.ShouldBe(rule);
        return refusal.Reason;
    }

    /// <summary>Bytes of an accepted publish, followed by others.</summary>
    public static byte[] Accepted(params byte[][] parts) => [.. Wire.Opening(), .. parts.SelectMany(p => p)];

    /// <summary>Repeats bytes.</summary>
    public static byte[] Times(int count, byte[] bytes) => [.. Enumerable.Repeat(bytes, count).SelectMany(b => b)];

    /// <summary>Returns the bytes allocated by this thread during an action.</summary>
    public static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
