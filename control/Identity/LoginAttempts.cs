using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Database;
using Broadcast.Control.Publishing;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>
/// Counts failed logins. After <see cref="ControlOptions.AttemptsPerMinute"/> from one address within a minute, or ten times as many for
/// one name, further logins are rejected unread. Wrong second-factor codes are counted per user and for longer, because the password is
/// already known. The counts are in the database, shared by all processes and kept across restarts; a login needs the database anyway.
/// Names and addresses are stored as hashes, because users sometimes type passwords into name fields.
/// </summary>
internal sealed class LoginAttempts(ControlDatabase database, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Wrong codes of one user within <see cref="CodeWindow"/> after which codes are rejected unread.</summary>
    public const int MaxCodes = 5;

    /// <summary>
    /// Maximum number of stored counts between cleanups (<see cref="CleanupInterval"/>). Counts that expire first are removed first.
    /// </summary>
    public const int MaxRows = 10_000;

    /// <summary>Time for which wrong codes count.</summary>
    public static readonly TimeSpan CodeWindow = TimeSpan.FromMinutes(15);

    /// <summary>Interval at which a process removes expired counts.</summary>
    public static readonly TimeSpan CleanupInterval = TimeSpan.FromMinutes(1);

    private const int NameLimitFactor = 10;
    private const int MaxCount = 1_000_000;

    // Expiry times further ahead than this many windows come from a wrong clock and are ignored.
    private const int MaxWindowsAhead = 2;

    private const string ActiveCondition = "f.ends_at > @now AND f.ends_at <= @furthest";
    private static readonly TimeSpan LoginWindow = TimeSpan.FromMinutes(1);
    private long _lastCleanup = -1;

    /// <summary>Returns whether the limit of failed logins is reached.</summary>
    public async Task<bool> IsLimitReachedAsync(EndPoint? remote, string name, CancellationToken cancellationToken)
    {
        var limit = options.Value.AttemptsPerMinute;
        List<(byte[] Key, int Max)> limits = [(NameKey(name), limit * NameLimitFactor)];
        if (AddressKey(remote) is { } address)
        {
            limits.Add((address, limit));
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await IsLimitReachedAsync(connection, limits, LoginWindow, cancellationToken);
    }

    /// <summary>Counts a failed login, even if the client has disconnected.</summary>
    public Task RecordFailureAsync(NpgsqlConnection connection, EndPoint? remote, string name) =>
        IncrementAsync(connection, AddressKey(remote) is { } address ? [address, NameKey(name)] : [NameKey(name)], LoginWindow);

    /// <summary>Returns whether the limit of wrong codes is reached.</summary>
    public Task<bool> IsCodeLimitReachedAsync(NpgsqlConnection connection, long user, CancellationToken cancellationToken) =>
        IsLimitReachedAsync(connection, [(CodesKey(user), MaxCodes)], CodeWindow, cancellationToken);

    /// <summary>Counts a wrong code outside of any transaction that could be rolled back.</summary>
    public Task RecordCodeFailureAsync(NpgsqlConnection connection, long user) => IncrementAsync(connection, [CodesKey(user)], CodeWindow);

    private static byte[]? AddressKey(EndPoint? remote) =>
        AttemptThrottle.NetworkOf(remote) is { } network ? Hash($"from {network}") : null;

    private static byte[] NameKey(string name) => Hash("for " + name);

    private static byte[] CodesKey(long user) => Hash(string.Create(CultureInfo.InvariantCulture, $"codes of {user}"));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private async Task<bool> IsLimitReachedAsync(NpgsqlConnection connection, List<(byte[] Key, int Max)> limits, TimeSpan window,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            $"""
            SELECT EXISTS (SELECT 1 FROM unnest(@keys::bytea[], @most::int[]) AS k (key, most) JOIN login_failures f ON f.key = k.key
                WHERE f.failures >= k.most AND {ActiveCondition})
            """,
            new { keys = limits.Select(l => l.Key).ToArray(), most = limits.Select(l => l.Max).ToArray(), now,
                furthest = now + (window * MaxWindowsAhead) },
            cancellationToken: cancellationToken));
    }

    private async Task IncrementAsync(NpgsqlConnection connection, byte[][] keys, TimeSpan window)
    {
        var now = time.GetUtcNow();

        // Sorted by key, so that concurrent statements do not deadlock.
        await connection.ExecuteAsync(new CommandDefinition(
            $"""
            INSERT INTO login_failures AS f (key, failures, ends_at) SELECT k, 1, @end FROM unnest(@keys::bytea[]) AS k ORDER BY k
            ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN {ActiveCondition} THEN least(f.failures + 1, @most) ELSE 1 END,
            ends_at = CASE WHEN {ActiveCondition} THEN f.ends_at ELSE @end END
            """,
            new { keys, now, end = now + window, furthest = now + (window * MaxWindowsAhead), most = MaxCount },
            cancellationToken: CancellationToken.None));
        await CleanUpAsync(connection, now);
    }

    private async Task CleanUpAsync(NpgsqlConnection connection, DateTimeOffset now)
    {
        var last = Interlocked.Read(ref _lastCleanup);
        if ((last >= 0 && time.GetElapsedTime(last) < CleanupInterval)
            || Interlocked.CompareExchange(ref _lastCleanup, time.GetTimestamp(), last) != last)
        {
            return;
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM login_failures WHERE key IN (SELECT key FROM login_failures WHERE ends_at <= @now FOR UPDATE SKIP LOCKED);
            DELETE FROM login_failures WHERE key IN (SELECT key FROM login_failures ORDER BY ends_at DESC OFFSET @most
                FOR UPDATE SKIP LOCKED)
            """,
            new { now, most = MaxRows },
            cancellationToken: CancellationToken.None));
    }
}
