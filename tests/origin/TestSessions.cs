using System.Text;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests;

internal static class TestSessions
{
    /// <summary>Creates a session from all events of the broadcaster.</summary>
    public static LiveSession Listen(this FakePackager broadcaster, TimeProvider? time = null)
    {
        var session = new LiveSession(broadcaster.Session, time ?? new ManualTimeProvider(FakePackager.Start.AddSeconds(10)));
        session.Append(broadcaster.Events, error => throw new InvalidOperationException(error));
        broadcaster.Unsent.Clear();
        return session;
    }

    /// <summary>Applies new events to a session.</summary>
    public static void NotifyTo(this FakePackager broadcaster, LiveSession session)
    {
        session.Append([.. broadcaster.Unsent], error => throw new InvalidOperationException(error));
        broadcaster.Unsent.Clear();
    }

    public static string Text(this Document? document) => Encoding.UTF8.GetString(document.ShouldNotBeNull().Plain);
}
