using System.Security.Cryptography;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>Second factor that has not been confirmed.</summary>
/// <param name="Secret">Secret to enter into an authenticator app.</param>
/// <param name="Uri">URI with the secret, for a QR code.</param>
public sealed record PendingSecondFactor(string Secret, string Uri)
{
    /// <summary>Text without the secret.</summary>
    public override string ToString() => "second factor";
}

/// <summary>
/// Second factors of users: codes of an authenticator app (<see cref="Totp"/>) and ten single-use recovery codes. A second factor takes
/// effect with its first correct code.
/// </summary>
internal sealed class SecondFactors(ServerDatabase database, LoginAttempts attempts,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Number of recovery codes per user.</summary>
    public const int RecoveryCodes = 10;

    private const string Issuer = "Broadcast";
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int RecoveryLength = 16;

    /// <summary>Creates a secret, replacing an unconfirmed one.</summary>
    /// <exception cref="OperationException">The user already has a second factor.</exception>
    public async Task<PendingSecondFactor> StartAsync(AuthenticatedUser user, CancellationToken cancellationToken)
    {
        var secret = Totp.NewSecret();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET totp_secret = @secret, totp_last_step = 0 WHERE id = @id AND totp_confirmed_at IS NULL",
            new { secret, id = user.UserId }, cancellationToken: cancellationToken)) == 0
            ? throw new OperationException(OperationErrorCode.Conflict, "You already have a second factor. Remove it first.")
            : new(Totp.Base32(secret), Totp.UriOf(Issuer, user.Name, secret));
    }

    /// <summary>Turns the second factor on with its first code.</summary>
    /// <returns>Recovery codes, which are shown only once.</returns>
    /// <exception cref="OperationException">The code is wrong, or there is no unconfirmed secret.</exception>
    public async Task<IReadOnlyList<string>> ConfirmAsync(AuthenticatedUser user, string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (secret, isConfirmed) = await connection.QuerySingleOrDefaultAsync<(byte[]? Secret, bool IsOn)>(new CommandDefinition(
            "SELECT totp_secret, totp_confirmed_at IS NOT NULL FROM users WHERE id = @id FOR UPDATE", new { id = user.UserId }, transaction,
            cancellationToken: cancellationToken));
        if (secret is null || isConfirmed)
        {
            throw new OperationException(OperationErrorCode.Conflict, "There is no second factor to confirm.");
        }

        await ThrowIfLimitReachedAsync(connection, user.UserId, cancellationToken);

        if (Totp.Match(secret, Digits(code), time.GetUtcNow(), 0) is not { } step)
        {
            await RecordFailureAsync(connection, transaction, user.UserId);
            throw new OperationException([new("code", "The code is wrong. Check the clock of your device.")]);
        }

        var codes = Enumerable.Range(0, RecoveryCodes).Select(_ => RandomNumberGenerator.GetString(Alphabet, RecoveryLength)).ToList();
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE users SET totp_confirmed_at = @now, totp_last_step = @step WHERE id = @id;
            DELETE FROM recovery_codes WHERE user_id = @id;
            INSERT INTO recovery_codes (user_id, hash) SELECT @id, h FROM unnest(@hashes) AS h
            """,
            new { id = user.UserId, now = time.GetUtcNow(), step, hashes = codes.Select(Secret.HashOf).ToArray() },
            transaction,
            cancellationToken: cancellationToken));
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "totp.enable", $"user/{user.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. codes.Select(c => $"{c[..4]}-{c[4..8]}-{c[8..12]}-{c[12..]}")];
    }

    /// <summary>Removes the user's second factor.</summary>
    /// <exception cref="OperationException">The code is wrong.</exception>
    public async Task DisableAsync(AuthenticatedUser user, string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await UseCodeAsync(connection, transaction, user.UserId, code, cancellationToken))
        {
            throw new OperationException([new("code", "The code is neither a current authenticator code nor an unused recovery code.")]);
        }

        await RemoveAsync(connection, transaction, user.UserId, cancellationToken);
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "totp.disable", $"user/{user.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Verifies a code and marks it as used. A wrong code is counted, and the transaction is rolled back.</summary>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.TooManyAttempts"/>: too many wrong codes.</exception>
    public async Task<bool> UseCodeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string code,
        CancellationToken cancellationToken)
    {
        // The row lock serializes concurrent guesses; the count is read afterwards.
        var (secret, lastStep) = await connection.QuerySingleOrDefaultAsync<(byte[]? Secret, long Last)>(new CommandDefinition(
            "SELECT totp_secret, totp_last_step FROM users WHERE id = @userId AND totp_confirmed_at IS NOT NULL FOR UPDATE", new { userId },
            transaction, cancellationToken: cancellationToken));
        await ThrowIfLimitReachedAsync(connection, userId, cancellationToken);
        if (secret is not null && Totp.Match(secret, Digits(code), time.GetUtcNow(), lastStep) is { } step)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE users SET totp_last_step = @step WHERE id = @userId", new { userId, step }, transaction,
                cancellationToken: cancellationToken));
            return true;
        }

        var normalizedCode = new string([.. code.Take(100).Where(c => c is not ('-' or ' ')).Select(char.ToLowerInvariant)]);
        if (normalizedCode.Length == RecoveryLength && await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM recovery_codes WHERE user_id = @userId AND hash = @hash", new { userId, hash = Secret.HashOf(normalizedCode) },
            transaction, cancellationToken: cancellationToken)) == 1)
        {
            return true;
        }

        await RecordFailureAsync(connection, transaction, userId);
        return false;
    }

    internal static Task RemoveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0 WHERE id = @userId;
            DELETE FROM recovery_codes WHERE user_id = @userId
            """,
            new { userId },
            transaction,
            cancellationToken: cancellationToken));

    private static string Digits(string code) => new([.. code.Take(20).Where(c => c is not (' ' or '-'))]);

    // Uses the same connection, because waiting for another while holding this one could exhaust the pool. Runs outside of the transaction,
    // which is rolled back.
    private async Task RecordFailureAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId)
    {
        await transaction.RollbackAsync(CancellationToken.None);
        await attempts.RecordCodeFailureAsync(connection, userId);
    }

    private async Task ThrowIfLimitReachedAsync(NpgsqlConnection connection, long userId, CancellationToken cancellationToken)
    {
        if (await attempts.IsCodeLimitReachedAsync(connection, userId, cancellationToken))
        {
            throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many wrong codes. Wait 15 minutes.");
        }
    }
}
