using System.Security.Cryptography;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Identity;

/// <summary>
/// Setup of a server without an admin: the server prints a code at start, and the dashboard exchanges it for the first admin token and the
/// first admin user. Every start prints a new code. All codes are valid until one is used or an admin is created otherwise.
/// </summary>
public sealed class SetupCodes(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int MaxCodes = 5;

    /// <summary>
    /// Creates a code (<c>xxxxx-xxxxx-xxxxx-xxxxx</c>, 100 random bits), or returns <see langword="null"/> when there has ever been an
    /// admin token, or an admin user exists.
    /// </summary>
    public async Task<string?> IssueAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(HasAdmin, cancellationToken: cancellationToken)))
        {
            return null;
        }

        var normalizedCode = RandomNumberGenerator.GetString(Alphabet, 20);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO setup_codes (hash, created_at) VALUES (@hash, @now);
            DELETE FROM setup_codes WHERE hash NOT IN (SELECT hash FROM setup_codes ORDER BY created_at DESC LIMIT @kept)
            """,
            new { hash = Secret.HashOf(normalizedCode), now = time.GetUtcNow(), kept = MaxCodes },
            cancellationToken: cancellationToken));
        return $"{normalizedCode[..5]}-{normalizedCode[5..10]}-{normalizedCode[10..15]}-{normalizedCode[15..]}";
    }

    /// <summary>Exchanges a code for an admin token. A code works once, and only while there is no admin.</summary>
    /// <param name="code">Setup code.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.Denied"/>: the code is wrong, used or no longer needed; the
    /// message is the same for all.</exception>
    public Task<IssuedToken> RedeemAsync(string code, CancellationToken cancellationToken = default) =>
        RedeemAsync(code, null, null, cancellationToken);

    /// <summary>Exchanges a code for an admin token and, if requested, an admin user.</summary>
    /// <param name="code">Setup code.</param>
    /// <param name="name">Name of the admin user; <see langword="null"/> for none.</param>
    /// <param name="password">Password of the admin user.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.Denied"/>: the code is wrong, used or no longer needed; the
    /// message is the same for all.</exception>
    public async Task<IssuedToken> RedeemAsync(string code, string? name, string? password, CancellationToken cancellationToken)
    {
        UserRules.ThrowIfInvalid(UserRules.Validate(name, null).Concat(UserRules.ValidatePassword(name, password)));
        var normalizedCode = new string([.. code.Take(100).Where(c => c is not ('-' or ' ')).Select(char.ToLowerInvariant)]);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isValid = await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            $"LOCK TABLE setup_codes IN EXCLUSIVE MODE; SELECT EXISTS (SELECT 1 FROM setup_codes WHERE hash = @hash) AND NOT ({HasAdmin})",
            new { hash = Secret.HashOf(normalizedCode) },
            transaction,
            cancellationToken: cancellationToken));
        if (!isValid)
        {
            throw new OperationException(
                OperationErrorCode.Denied,
                "The setup code is invalid. The server prints one at each start until there is an admin; 'broadcast user create NAME "
                + "--role admin' and 'broadcast token create --role admin' also create an admin.");
        }

        using var _ = Actor.Use(Actor.Current with { Name = "set-up code" });
        var issued = await TokenRepository.InsertAsync(connection, transaction, TokenRole.Admin, "first admin", null, new(),
            time.GetUtcNow(), cancellationToken);
        if (name is not null && password is not null)
        {
            await UserRepository.InsertAsync(connection, transaction, name, await UserPasswordHasher.HashAsync(password, cancellationToken),
                TokenRole.Admin, "", time.GetUtcNow(), cancellationToken);
        }

        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM setup_codes", transaction: transaction,
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    private const string HasAdmin =
        "SELECT EXISTS (SELECT 1 FROM tokens WHERE role = 'admin') OR EXISTS (SELECT 1 FROM users WHERE role = 'admin')";
}
