using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Hashes of passwords: ASP.NET Core Identity's version 3, which is PBKDF2 with HMAC-SHA-512, a salt of 128 bits and the count in the hash itself. Each takes a processor for a tenth of a second or so, by intent;
/// that streams do not pay for it, only <see cref="AtOnce"/> are made at a time, and who comes when <see cref="MaxWaiting"/> wait already is sent away.
/// </summary>
internal static class PasswordHashes
{
    /// <summary>Iterations; OWASP's Password Storage Cheat Sheet asks for 210,000 or more (2023). Hashes with fewer are made anew at the next login.</summary>
    public const int Iterations = 220_000;

    /// <summary>Most that are made at a time.</summary>
    public const int AtOnce = 2;

    /// <summary>Most that wait.</summary>
    public const int MaxWaiting = 20;

    private static readonly object Nobody = new();
    private static readonly PasswordHasher<object> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private static readonly SemaphoreSlim Turns = new(AtOnce, AtOnce);

    // Somebody unknown takes as long as somebody known.
    private static readonly Lazy<string> NobodysHash = new(() => Hasher.HashPassword(Nobody, "nobody's password"));
    private static int _waiting;

    /// <summary>Waits until one may be made.</summary>
    /// <returns>The turn; disposing of it gives it back.</returns>
    /// <exception cref="ControlException"><see cref="ControlCode.TooMany"/>: too many wait.</exception>
    public static async Task<IDisposable> TurnAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ControlException(ControlCode.TooMany, "Too many log in at once. Try again in a moment.");
        }

        try
        {
            await Turns.WaitAsync(cancellationToken);
            return new Turn();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Hashes a password; the caller has a turn.</summary>
    public static string Hash(string password) => Hasher.HashPassword(Nobody, password);

    /// <summary>Hashes a password in a turn of its own.</summary>
    public static async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        using var turn = await TurnAsync(cancellationToken);
        return Hash(password);
    }

    /// <summary>Whether a password is the one of a hash; the caller has a turn.</summary>
    /// <param name="hash">The hash; <see langword="null"/> where there is nobody, which takes as long and is never right.</param>
    /// <param name="password">What was given.</param>
    /// <param name="isOld">Whether it was right and the hash should be made anew.</param>
    public static bool Matches(string? hash, string password, out bool isOld)
    {
        var result = Hasher.VerifyHashedPassword(Nobody, hash ?? NobodysHash.Value, password);
        isOld = hash is not null && result == PasswordVerificationResult.SuccessRehashNeeded;
        return hash is not null && result != PasswordVerificationResult.Failed;
    }

    private sealed class Turn : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                Turns.Release();
            }
        }
    }
}
