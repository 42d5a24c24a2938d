using System.Security.Cryptography;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Chat.Identities;

/// <summary>Signing key of the tokens of participants. The first server creates it in the database; all servers use it.</summary>
internal sealed class ChatKeys(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private readonly SemaphoreSlim _loading = new(1, 1);
    private ChatTokens? _tokens;

    /// <summary>Gets the tokens of participants; reads the key at first use.</summary>
    public async ValueTask<ChatTokens> GetTokensAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _tokens) is { } known)
        {
            return known;
        }

        await _loading.WaitAsync(cancellationToken);
        try
        {
            return _tokens ??= new(await ReadAsync(cancellationToken), time);
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Of two servers that start at the same time, the second one waits here, and then finds the key of the first.
        await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE chat_keys IN SHARE ROW EXCLUSIVE MODE", null, transaction,
            cancellationToken: cancellationToken));
        var key = await connection.ExecuteScalarAsync<byte[]?>(new CommandDefinition(
            "SELECT secret FROM chat_keys ORDER BY id DESC LIMIT 1", null, transaction, cancellationToken: cancellationToken));
        if (key is null)
        {
            key = RandomNumberGenerator.GetBytes(ChatTokens.KeyBytes);
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO chat_keys (secret, created_at) VALUES (@key, @now)", new { key, now = time.GetUtcNow() }, transaction,
                cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return key;
    }
}
