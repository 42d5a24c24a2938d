using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Publishing;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>Result of checking the limits of failed logins.</summary>
/// <param name="IsLimitReached">Whether the login must be rejected.</param>
/// <param name="IsKnown">Whether the network or the browser is known for the name.</param>
/// <param name="IsDeviceKnown">Whether the browser is known for the name.</param>
internal readonly record struct LoginCheck(bool IsLimitReached, bool IsKnown, bool IsDeviceKnown);

/// <summary>
/// Counts failed logins. After <see cref="ControlOptions.AttemptsPerMinute"/> from one address within a minute, or ten times as many for
/// one name, further logins are rejected without checking the password. The count of a name does not apply to networks from which its user
/// has logged in; otherwise anyone could lock a user out by sending wrong passwords. Neither count applies to browsers in which the user
/// has logged in, which a random cookie identifies. Each such browser has its own count, with the limit of an address. Wrong second-factor
/// codes are counted per user and for longer, because the password is already known. The counts are in the database, shared by all
/// processes and kept across restarts; a login needs the database anyway. Names and addresses are stored as hashes, because users sometimes
/// type passwords into name fields.
/// </summary>
internal sealed class LoginAttempts(ServerDatabase database, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
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

    /// <summary>Time without a login after which a network or browser is no longer known.</summary>
    public static readonly TimeSpan ClientLifetime = TimeSpan.FromDays(90);

    /// <summary>Maximum number of known networks and browsers of a user; the least recently used is removed.</summary>
    public const int MaxClients = 50;

    private const int NameLimitFactor = 10;
    private const int MaxCount = 1_000_000;

    // Expiry times further ahead than this many windows come from a wrong clock and are ignored.
    private const int MaxWindowsAhead = 2;

    private const string ActiveCondition = "f.ends_at > @now AND f.ends_at <= @furthest";
    private static readonly TimeSpan LoginWindow = TimeSpan.FromMinutes(1);

    private long _lastCleanup = -1;

    /// <summary>Checks the limits of failed logins, and looks up the network and the browser among those known for a name.</summary>
    /// <param name="remote">Remote address.</param>
    /// <param name="device">Value of the browser's device cookie, if it sent one.</param>
    /// <param name="name">Normalized name of the user.</param>
    /// <param name="isLoggedIn">Whether the client is logged in under this name, which makes it known.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<LoginCheck> CheckAsync(EndPoint? remote, string? device, string name, bool isLoggedIn,
        CancellationToken cancellationToken)
    {
        var limit = options.Value.AttemptsPerMinute;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var (isNetworkKnown, isDeviceKnown) = isLoggedIn ? (true, false)
            : await FindKnownAsync(connection, remote, device, name, cancellationToken);
        List<(byte[] Key, int Max)> limits = [];
        if (isDeviceKnown)
        {
            limits.Add((DeviceFailuresKey(device!), limit));
        }
        else
        {
            if (!isNetworkKnown)
            {
                limits.Add((NameKey(name), limit * NameLimitFactor));
            }

            if (AddressKey(remote) is { } address)
            {
                limits.Add((address, limit));
            }
        }

        return new(await IsLimitReachedAsync(connection, limits, LoginWindow, cancellationToken), isNetworkKnown || isDeviceKnown,
            isDeviceKnown);
    }

    /// <summary>Records the network and the browser of a login.</summary>
    /// <returns>Value of the browser's device cookie: the one it sent if that is known for any user, otherwise a new one.</returns>
    public async Task<string> RecordLoginAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long user, EndPoint? remote,
        string? device, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var isKnown = device is not null && await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT 1 FROM login_clients WHERE client = @client AND is_device AND last_login_at > @since)",
            new { client = DeviceKey(device), since = now - ClientLifetime }, transaction, cancellationToken: cancellationToken));
        if (!isKnown)
        {
            Secret.New(out device);
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO login_clients (user_id, client, is_device, last_login_at)
            SELECT @user, c.client, c.client = @deviceKey, @now FROM unnest(@clients::bytea[]) AS c (client)
            ON CONFLICT (user_id, client) DO UPDATE SET last_login_at = excluded.last_login_at;
            DELETE FROM login_clients WHERE user_id = @user AND client IN (
                SELECT client FROM login_clients WHERE user_id = @user ORDER BY last_login_at DESC, client OFFSET @most)
            """,
            new { user, clients = ClientKeys(remote, device), deviceKey = DeviceKey(device!), now, most = MaxClients },
            transaction,
            cancellationToken: cancellationToken));
        return device!;
    }

    /// <summary>Counts a failed login, even if the client has disconnected.</summary>
    /// <param name="remote">Remote address.</param>
    /// <param name="knownDevice">Device cookie of a browser that is known for the name.</param>
    /// <param name="name">Normalized name of the user.</param>
    public async Task RecordFailureAsync(EndPoint? remote, string? knownDevice, string name)
    {
        List<byte[]> keys = [NameKey(name)];
        if (AddressKey(remote) is { } address)
        {
            keys.Add(address);
        }

        if (knownDevice is not null)
        {
            keys.Add(DeviceFailuresKey(knownDevice));
        }

        await using var connection = await database.Source.OpenConnectionAsync(CancellationToken.None);
        await IncrementAsync(connection, [.. keys], LoginWindow);
    }

    /// <summary>Removes the known browsers of a user.</summary>
    public static Task ForgetDevicesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long user,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("DELETE FROM login_clients WHERE user_id = @user AND is_device", new { user },
            transaction, cancellationToken: cancellationToken));

    /// <summary>Returns whether the limit of wrong codes is reached.</summary>
    public Task<bool> IsCodeLimitReachedAsync(NpgsqlConnection connection, long user, CancellationToken cancellationToken) =>
        IsLimitReachedAsync(connection, [(CodesKey(user), MaxCodes)], CodeWindow, cancellationToken);

    /// <summary>Counts a wrong code outside of any transaction that could be rolled back.</summary>
    public Task RecordCodeFailureAsync(NpgsqlConnection connection, long user) => IncrementAsync(connection, [CodesKey(user)], CodeWindow);

    private static byte[]? AddressKey(EndPoint? remote) =>
        AttemptThrottle.NetworkOf(remote) is { } network ? Hash($"from {network}") : null;

    private static byte[] DeviceKey(string device) => Hash("device " + device);

    private static byte[] DeviceFailuresKey(string device) => Hash("failures of device " + device);

    private static byte[][] ClientKeys(EndPoint? remote, string? device) =>
        [.. AddressKey(remote) is { } address ? [address] : Array.Empty<byte[]>(),
            .. device is null ? Array.Empty<byte[]>() : [DeviceKey(device)]];

    private static byte[] NameKey(string name) => Hash("for " + name);

    private static byte[] CodesKey(long user) => Hash(string.Create(CultureInfo.InvariantCulture, $"codes of {user}"));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private async Task<(bool Network, bool Device)> FindKnownAsync(NpgsqlConnection connection, EndPoint? remote, string? device,
        string name, CancellationToken cancellationToken) =>
        await connection.QuerySingleAsync<(bool Network, bool Device)>(new CommandDefinition(
            """
            SELECT coalesce(bool_or(NOT k.is_device), false), coalesce(bool_or(k.is_device), false)
            FROM login_clients k JOIN users u ON u.id = k.user_id
            WHERE u.name = @name AND k.client = ANY (@clients) AND k.last_login_at > @since
            """,
            new { name = UserRepository.QueryName(name), clients = ClientKeys(remote, device), since = time.GetUtcNow() - ClientLifetime },
            cancellationToken: cancellationToken));

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
