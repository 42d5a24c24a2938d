using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Counts wrong logins. <see cref="ControlOptions.AttemptsPerMinute"/> from one address in a minute, or ten times as many for one name from anywhere, and further ones are refused unread, right or wrong. Wrong codes of a
/// second factor are counted by user and for longer: whoever guesses at one has the password already. The counts are in the database, where all processes share them and a restart forgets none: a login needs it anyway, so that
/// nothing is lost when it is away. Of names and addresses there are but hashes, because people type passwords where names belong.
/// </summary>
internal sealed class LoginAttempts(Database database, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Wrong codes of one user within <see cref="CodeWindow"/> after which none is looked at.</summary>
    public const int MaxCodes = 5;

    /// <summary>Most counts that are kept, but for what comes within <see cref="Tidying"/>, which is little: passwords are hashed a few at a time. Those that end first go first.</summary>
    public const int MaxRows = 10_000;

    /// <summary>How long wrong codes count.</summary>
    public static readonly TimeSpan CodeWindow = TimeSpan.FromMinutes(15);

    /// <summary>How often a process clears away what counts no more.</summary>
    public static readonly TimeSpan Tidying = TimeSpan.FromMinutes(1);

    private const int ForOneName = 10;
    private const int MaxCount = 1_000_000;

    // Ends that lie further ahead than a window are of a clock that was wrong, here or elsewhere; so much further, and they do not count.
    private const int Drift = 2;

    private const string Counts = "f.ends_at > @now AND f.ends_at <= @furthest";
    private static readonly TimeSpan LoginWindow = TimeSpan.FromMinutes(1);
    private long _tidied = -1;

    /// <summary>Whether there were too many wrong logins lately.</summary>
    public async Task<bool> IsOverAsync(EndPoint? remote, string name, CancellationToken cancellationToken)
    {
        var limit = options.Value.AttemptsPerMinute;
        List<(byte[] Key, int Most)> limits = [(For(name), limit * ForOneName)];
        if (From(remote) is { } address)
        {
            limits.Add((address, limit));
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await IsOverAsync(connection, limits, LoginWindow, cancellationToken);
    }

    /// <summary>Counts a wrong login: whoever is wrong is counted, also when they are gone by now.</summary>
    public Task FailedAsync(NpgsqlConnection connection, EndPoint? remote, string name) =>
        AddAsync(connection, From(remote) is { } address ? [address, For(name)] : [For(name)], LoginWindow);

    /// <summary>Whether there were too many wrong codes lately.</summary>
    public Task<bool> IsOverForCodesAsync(NpgsqlConnection connection, long user, CancellationToken cancellationToken) =>
        IsOverAsync(connection, [(CodesOf(user), MaxCodes)], CodeWindow, cancellationToken);

    /// <summary>Counts a wrong code, in no transaction that could be taken back.</summary>
    public Task CodeFailedAsync(NpgsqlConnection connection, long user) => AddAsync(connection, [CodesOf(user)], CodeWindow);

    private static byte[]? From(EndPoint? remote) => AttemptThrottle.Network(remote) is { } network ? Hash($"from {network}") : null;

    private static byte[] For(string name) => Hash("for " + name);

    private static byte[] CodesOf(long user) => Hash(string.Create(CultureInfo.InvariantCulture, $"codes of {user}"));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private async Task<bool> IsOverAsync(NpgsqlConnection connection, List<(byte[] Key, int Most)> limits, TimeSpan window, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            $"""
            SELECT EXISTS (SELECT 1 FROM unnest(@keys::bytea[], @most::int[]) AS k (key, most) JOIN login_failures f ON f.key = k.key WHERE f.failures >= k.most AND {Counts})
            """,
            new { keys = limits.Select(l => l.Key).ToArray(), most = limits.Select(l => l.Most).ToArray(), now, furthest = now + (window * Drift) },
            cancellationToken: cancellationToken));
    }

    private async Task AddAsync(NpgsqlConnection connection, byte[][] keys, TimeSpan window)
    {
        var now = time.GetUtcNow();

        // In order, so that two that count the same things do not wait for each other.
        await connection.ExecuteAsync(new CommandDefinition(
            $"""
            INSERT INTO login_failures AS f (key, failures, ends_at) SELECT k, 1, @end FROM unnest(@keys::bytea[]) AS k ORDER BY k
            ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN {Counts} THEN least(f.failures + 1, @most) ELSE 1 END, ends_at = CASE WHEN {Counts} THEN f.ends_at ELSE @end END
            """,
            new { keys, now, end = now + window, furthest = now + (window * Drift), most = MaxCount },
            cancellationToken: CancellationToken.None));
        await TidyAsync(connection, now);
    }

    private async Task TidyAsync(NpgsqlConnection connection, DateTimeOffset now)
    {
        var last = Interlocked.Read(ref _tidied);
        if ((last >= 0 && time.GetElapsedTime(last) < Tidying) || Interlocked.CompareExchange(ref _tidied, time.GetTimestamp(), last) != last)
        {
            return;
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM login_failures WHERE key IN (SELECT key FROM login_failures WHERE ends_at <= @now FOR UPDATE SKIP LOCKED);
            DELETE FROM login_failures WHERE key IN (SELECT key FROM login_failures ORDER BY ends_at DESC OFFSET @most FOR UPDATE SKIP LOCKED)
            """,
            new { now, most = MaxRows },
            cancellationToken: CancellationToken.None));
    }
}
