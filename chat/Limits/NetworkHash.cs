using System.Net;
using System.Security.Cryptography;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Chat.Limits;

/// <summary>
/// Hashes of the network of a participant. Only they are stored, never an address. They are equal for equal networks as long as the salt
/// is: today, and until the end of tomorrow in bans.
/// </summary>
/// <param name="Today">Hash with the salt of today, 16 bytes.</param>
/// <param name="Yesterday">Hash with the salt of yesterday; <see langword="null"/> when there is none.</param>
internal sealed record NetworkHash(byte[] Today, byte[]? Yesterday);

/// <summary>Creates hashes of networks with salts in the database, which all servers share. Thread-safe.</summary>
internal sealed class NetworkHashes(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const int HashBytes = 16;
    private const int SaltBytes = 32;
    private readonly SemaphoreSlim _reading = new(1, 1);
    private Salts? _salts;

    /// <summary>Hashes a network.</summary>
    /// <param name="client">The network; <see langword="null"/> when it is unknown.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async ValueTask<NetworkHash?> OfAsync(IPAddress? client, CancellationToken cancellationToken)
    {
        if (client is null)
        {
            return null;
        }

        var salts = await GetAsync(cancellationToken);
        var bytes = client.GetAddressBytes();
        return new(Hash(salts.Today, bytes), salts.Yesterday is { } salt ? Hash(salt, bytes) : null);
    }

    private static byte[] Hash(byte[] salt, byte[] address) => HMACSHA256.HashData(salt, address)[..HashBytes];

    private async ValueTask<Salts> GetAsync(CancellationToken cancellationToken)
    {
        var day = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (Volatile.Read(ref _salts) is { } known && known.Day == day)
        {
            return known;
        }

        await _reading.WaitAsync(cancellationToken);
        try
        {
            return _salts is { } read && read.Day == day ? read : _salts = await ReadAsync(day, cancellationToken);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<Salts> ReadAsync(DateOnly day, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var parameters = new
        {
            today = day.ToDateTime(default), yesterday = day.AddDays(-1).ToDateTime(default),
            salt = RandomNumberGenerator.GetBytes(SaltBytes),
        };
        var rows = (await connection.QueryAsync<(DateTime Day, byte[] Salt)>(new CommandDefinition(
            """
            INSERT INTO chat_salts (day, salt) VALUES (@today::date, @salt) ON CONFLICT (day) DO NOTHING;
            DELETE FROM chat_salts WHERE day < @yesterday::date;
            SELECT day::timestamp, salt FROM chat_salts WHERE day BETWEEN @yesterday::date AND @today::date;
            """, parameters, cancellationToken: cancellationToken))).ToDictionary(row => DateOnly.FromDateTime(row.Day), row => row.Salt);
        return new(day, rows[day], rows.GetValueOrDefault(day.AddDays(-1)));
    }

    private sealed record Salts(DateOnly Day, byte[] Today, byte[]? Yesterday);
}
