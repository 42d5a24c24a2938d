using Broadcast.Database;

namespace Broadcast.Host;

/// <summary>
/// Minimum size of the thread pool. .NET starts with one thread per core and adds about one per second while all are blocked. Playback,
/// packaging and uploads share the pool with the database client, which blocks up to one thread per connection while PostgreSQL hangs:
/// Npgsql cancels a statement on a second connection that it opens and reads synchronously. With this minimum, enough threads remain.
/// </summary>
internal static class ThreadPoolMinimum
{
    /// <summary>Threads that remain when the database client blocks as many as it can.</summary>
    public const int Unblocked = 24;

    /// <summary>Minimum number of worker threads. An idle thread ends, so that the minimum costs no memory until it is needed.</summary>
    public const int Workers = ServerDatabase.MaxConnections + Unblocked;

    /// <summary>Sets the minimum for this process; a higher one, set in the environment, remains.</summary>
    public static void Apply()
    {
        ThreadPool.GetMinThreads(out var workers, out var completionPorts);
        ThreadPool.SetMinThreads(Math.Max(workers, Workers), completionPorts);
    }
}
