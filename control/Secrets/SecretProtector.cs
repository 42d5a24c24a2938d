using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Files;

namespace Broadcast.Control.Secrets;

/// <summary>
/// Encrypts secrets that the server must be able to read again, such as stream keys of other platforms, before they are stored in the
/// database: AES-256 in Galois/Counter Mode with a random nonce. The keys lie outside of the database: in
/// <see cref="ControlOptions.SecretKeys"/>, or without these in a file of the data folder, which the first use creates. One key encrypts,
/// the first configured one or the last one of the file; all of them decrypt. Thread-safe.
/// </summary>
/// <param name="folder">The data folder.</param>
/// <param name="configure">Reads the configured keys, base64, on each use; empty to use the file.</param>
public sealed class SecretProtector(DataFolder folder, Func<IReadOnlyList<string>> configure)
{
    /// <summary>Name of the key file in the data folder.</summary>
    public const string FileName = "secrets.key";

    /// <summary>Maximum number of keys in the file.</summary>
    public const int MaxKeys = 100;

    /// <summary>Size of a key in bytes.</summary>
    public const int KeyBytes = 32;

    /// <summary>Bytes by which the encrypted form is longer than the UTF-8 text.</summary>
    public const int Overhead = 1 + IdBytes + NonceBytes + TagBytes;

    private const byte Version = 1;
    private const int IdBytes = 4;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly Lock _lock = new();

    /// <summary>Indicates whether keys are configured; otherwise those of the file are used.</summary>
    public bool IsConfigured => configure().Count > 0;

    private string FilePath => Path.Combine(folder.Path, FileName);

    /// <summary>Encrypts a secret with the first key.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="context">Text to which the secret belongs, such as its address. Needed to decrypt it.</param>
    /// <exception cref="OperationException">The key file cannot be read or created.</exception>
    public byte[] Protect(string secret, string context)
    {
        var key = Keys(create: true)[0];
        var text = Encoding.UTF8.GetBytes(secret);
        var result = new byte[Overhead + text.Length];
        result[0] = Version;
        BinaryPrimitives.WriteUInt32BigEndian(result.AsSpan(1), IdOf(key));
        RandomNumberGenerator.Fill(result.AsSpan(1 + IdBytes, NonceBytes));
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(result.AsSpan(1 + IdBytes, NonceBytes), text, result.AsSpan(Overhead),
            result.AsSpan(1 + IdBytes + NonceBytes, TagBytes), Encoding.UTF8.GetBytes(context));
        return result;
    }

    /// <summary>Decrypts a secret.</summary>
    /// <exception cref="OperationException">This server does not have the key, or the data or the context was changed.</exception>
    public string Unprotect(ReadOnlySpan<byte> data, string context)
    {
        if (data.Length < Overhead || data[0] != Version)
        {
            throw new OperationException(OperationErrorCode.Broken, "The secret was stored by a newer version, or is damaged.");
        }

        var id = BinaryPrimitives.ReadUInt32BigEndian(data[1..]);
        var key = Keys(create: false).FirstOrDefault(key => IdOf(key) == id) ?? throw new OperationException(OperationErrorCode.Broken,
            $"This server does not have the key that encrypts the secret. Set the same Control:SecretKeys on all servers, or restore "
            + $"'{FileName}' in the data folder; otherwise enter the secret again.");
        var text = new byte[data.Length - Overhead];
        using var cipher = new AesGcm(key, TagBytes);
        try
        {
            cipher.Decrypt(data.Slice(1 + IdBytes, NonceBytes), data[Overhead..], data.Slice(1 + IdBytes + NonceBytes, TagBytes), text,
                Encoding.UTF8.GetBytes(context));
        }
        catch (CryptographicException damaged)
        {
            throw new OperationException(OperationErrorCode.Broken,
                "The stored secret does not belong to its address, or is damaged. Enter it again.", damaged);
        }

        return Encoding.UTF8.GetString(text);
    }

    /// <summary>
    /// Adds a key to the file, which encrypts from then on. Earlier keys stay, so that no secret becomes unreadable. Without effect with
    /// configured keys.
    /// </summary>
    /// <returns>Whether a key was added.</returns>
    /// <exception cref="OperationException">The key file cannot be read or written, or has <see cref="MaxKeys"/> keys.</exception>
    public bool Rotate()
    {
        if (IsConfigured)
        {
            return false;
        }

        lock (_lock)
        {
            if (!File.Exists(FilePath))
            {
                Create();
                return true;
            }

            if (ReadFile().Length >= MaxKeys)
            {
                throw new OperationException(OperationErrorCode.Conflict,
                    $"'{FilePath}' has {MaxKeys} keys. Delete its first lines: the last line encrypts, and the others are no longer used.");
            }

            try
            {
                // One short write at the end: neither a crash nor another user can damage the keys that exist.
                using var file = new FileStream(FilePath, FileMode.Append, FileAccess.Write, FileShare.Read);
                file.Write(LineOf(RandomNumberGenerator.GetBytes(KeyBytes)));
                file.Flush(flushToDisk: true);
                return true;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw CannotWrite(error);
            }
        }
    }

    /// <summary>Returns whether a secret is encrypted with the first key.</summary>
    public bool IsCurrent(ReadOnlySpan<byte> data) => data.Length > Overhead && data[0] == Version
        && BinaryPrimitives.ReadUInt32BigEndian(data[1..]) == IdOf(Keys(create: true)[0]);

    /// <summary>Parses a configured key; <see langword="null"/> when it is not the base64 of <see cref="KeyBytes"/> bytes.</summary>
    internal static byte[]? Parse(string text)
    {
        var key = new byte[KeyBytes + 1];
        return Convert.TryFromBase64String(text, key, out var count) && count == KeyBytes ? key[..KeyBytes] : null;
    }

    // The id tells which key decrypts a secret; it says nothing about the key.
    private static uint IdOf(byte[] key) => BinaryPrimitives.ReadUInt32BigEndian(HMACSHA256.HashData(key, "key id"u8));

    /// <summary>Reads the keys. The file is read each time, because a command may have rotated its keys.</summary>
    private byte[][] Keys(bool create)
    {
        if (configure() is { Count: > 0 } configured)
        {
            return [.. configured.Select(key => Parse(key) ?? throw Invalid("Control:SecretKeys"))];
        }

        lock (_lock)
        {
            if (!File.Exists(FilePath))
            {
                if (!create)
                {
                    return [];
                }

                Create();
            }

            return ReadFile();
        }
    }

    private byte[][] ReadFile()
    {
        try
        {
            // The newest key is the last one.
            byte[][] keys = [.. File.ReadLines(FilePath).Take(2 * MaxKeys).Where(line => line.Length > 0)
                .Select(line => Parse(line.Trim()) ?? throw Invalid(FilePath)).Reverse()];
            return keys.Length > 0 ? keys : throw Invalid(FilePath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OperationException(OperationErrorCode.Broken, $"The key file '{FilePath}' cannot be read: {error.Message}", error);
        }
    }

    private void Create()
    {
        var temporary = $"{FilePath}.{Guid.NewGuid():N}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(LineOf(RandomNumberGenerator.GetBytes(KeyBytes)));
                file.Flush(flushToDisk: true);
            }

            // Otherwise another process has created it, and this one uses its key.
            if (!AtomicFile.TryCreate(temporary, FilePath))
            {
                File.Delete(temporary);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw CannotWrite(error);
        }
    }

    private static byte[] LineOf(byte[] key) => Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n");

    private OperationException CannotWrite(Exception error) =>
        new(OperationErrorCode.Broken, $"The key file '{FilePath}' cannot be written: {error.Message}", error);

    private static OperationException Invalid(string where) => new(OperationErrorCode.Broken,
        $"A key in {where} is not the base64 form of {KeyBytes} bytes. 'openssl rand -base64 {KeyBytes}' prints a valid one.");
}
