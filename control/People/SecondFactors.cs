using System.Security.Cryptography;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>A second factor that waits to be confirmed.</summary>
/// <param name="Secret">What to type into an authenticator app.</param>
/// <param name="Uri">The same, for a QR code.</param>
public sealed record NewSecondFactor(string Secret, string Uri)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => "second factor";
}

/// <summary>
/// Users' second factors: codes of an authenticator app (<see cref="Totp"/>), and ten codes for whoever loses it, each good once. It counts from its first right code on; the secret of one that was never confirmed asks for nothing.
/// </summary>
internal sealed class SecondFactors(Database database, LoginAttempts attempts, TimeProvider time)
{
    /// <summary>Recovery codes that a user gets.</summary>
    public const int RecoveryCodes = 10;

    private const string Issuer = "Broadcast";
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int RecoveryLength = 16;

    /// <summary>Makes a secret, in place of one that waits.</summary>
    /// <exception cref="ControlException">The user has a second factor already.</exception>
    public async Task<NewSecondFactor> BeginAsync(LoggedIn user, CancellationToken cancellationToken)
    {
        var secret = Totp.NewSecret();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET totp_secret = @secret, totp_last_step = 0 WHERE id = @id AND totp_confirmed_at IS NULL", new { secret, id = user.UserId }, cancellationToken: cancellationToken)) == 0
            ? throw new ControlException(ControlCode.Conflict, "You have a second factor already. Take it away first.")
            : new(Totp.Base32(secret), Totp.UriOf(Issuer, user.Name, secret));
    }

    /// <summary>Turns it on by its first code.</summary>
    /// <returns>The recovery codes, which are shown this once.</returns>
    /// <exception cref="ControlException">The code is wrong, or no secret waits.</exception>
    public async Task<IReadOnlyList<string>> ConfirmAsync(LoggedIn user, string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (secret, isOn) = await connection.QuerySingleOrDefaultAsync<(byte[]? Secret, bool IsOn)>(new CommandDefinition(
            "SELECT totp_secret, totp_confirmed_at IS NOT NULL FROM users WHERE id = @id FOR UPDATE", new { id = user.UserId }, transaction, cancellationToken: cancellationToken));
        if (secret is null || isOn)
        {
            throw new ControlException(ControlCode.Conflict, "There is no second factor that waits to be confirmed.");
        }

        await RefuseGuessingAsync(connection, user.UserId, cancellationToken);

        if (Totp.Match(secret, Digits(code), time.GetUtcNow(), 0) is not { } step)
        {
            await CountAsync(connection, transaction, user.UserId);
            throw new ControlException([new("code", "That is not the code of this moment. Is the clock of the device right?")]);
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
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "totp.enable", $"user/{user.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. codes.Select(c => $"{c[..4]}-{c[4..8]}-{c[8..12]}-{c[12..]}")];
    }

    /// <summary>Takes a user's own away.</summary>
    /// <exception cref="ControlException">The code is wrong.</exception>
    public async Task EndAsync(LoggedIn user, string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await TakeAsync(connection, transaction, user.UserId, code, cancellationToken))
        {
            throw new ControlException([new("code", "That is not the code of this moment, nor a recovery code that is left.")]);
        }

        await RemoveAsync(connection, transaction, user.UserId, cancellationToken);
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "totp.disable", $"user/{user.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether a code is right; it is not right a second time. A wrong one is counted, and all that the transaction has done is taken back: nobody is in.</summary>
    /// <exception cref="ControlException"><see cref="ControlCode.TooMany"/>: too many were wrong.</exception>
    public async Task<bool> TakeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string code, CancellationToken cancellationToken)
    {
        // Those that guess at once wait for each other here, and the count is read after that.
        var (secret, last) = await connection.QuerySingleOrDefaultAsync<(byte[]? Secret, long Last)>(new CommandDefinition(
            "SELECT totp_secret, totp_last_step FROM users WHERE id = @userId AND totp_confirmed_at IS NOT NULL FOR UPDATE", new { userId }, transaction, cancellationToken: cancellationToken));
        await RefuseGuessingAsync(connection, userId, cancellationToken);
        if (secret is not null && Totp.Match(secret, Digits(code), time.GetUtcNow(), last) is { } step)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE users SET totp_last_step = @step WHERE id = @userId", new { userId, step }, transaction, cancellationToken: cancellationToken));
            return true;
        }

        var letters = new string([.. code.Take(100).Where(c => c is not ('-' or ' ')).Select(char.ToLowerInvariant)]);
        if (letters.Length == RecoveryLength && await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM recovery_codes WHERE user_id = @userId AND hash = @hash", new { userId, hash = Secret.HashOf(letters) }, transaction, cancellationToken: cancellationToken)) == 1)
        {
            return true;
        }

        await CountAsync(connection, transaction, userId);
        return false;
    }

    internal static Task RemoveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0 WHERE id = @userId;
            DELETE FROM recovery_codes WHERE user_id = @userId
            """,
            new { userId },
            transaction,
            cancellationToken: cancellationToken));

    private static string Digits(string code) => new([.. code.Take(20).Where(c => c is not (' ' or '-'))]);

    // On the same connection: who waited for another one while holding this could starve the others. But not in the transaction, which is given up.
    private async Task CountAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId)
    {
        await transaction.RollbackAsync(CancellationToken.None);
        await attempts.CodeFailedAsync(connection, userId);
    }

    private async Task RefuseGuessingAsync(NpgsqlConnection connection, long userId, CancellationToken cancellationToken)
    {
        if (await attempts.IsOverForCodesAsync(connection, userId, cancellationToken))
        {
            throw new ControlException(ControlCode.TooMany, "Too many wrong codes. Wait a quarter of an hour.");
        }
    }
}
