using Broadcast.Control.Secrets;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Encrypted secrets.</summary>
public sealed class SecretProtectorTests
{
    private const string Url = "rtmps://example.org/live";
    private static readonly string First = Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly string Second = Convert.ToBase64String(Enumerable.Repeat((byte)2, 32).ToArray());

    [Fact]
    public void Secret_is_read_again_and_never_stored_twice_in_the_same_form()
    {
        var protector = new SecretProtector(new DataFolder("/nonexistent"), () => [First]);
        var data = protector.Protect("abcd-efgh", Url);

        protector.Unprotect(data, Url).ShouldBe("abcd-efgh");
        data.ShouldNotBe(protector.Protect("abcd-efgh", Url));
        data.Length.ShouldBe(SecretProtector.Overhead + 9);
        System.Text.Encoding.Latin1.GetString(data).ShouldNotContain("abcd");
    }

    [Fact]
    public void Secret_of_another_address_or_changed_data_is_rejected()
    {
        var protector = new SecretProtector(new DataFolder("/nonexistent"), () => [First]);
        var data = protector.Protect("abcd-efgh", Url);

        Rejects(data, "rtmps://attacker.example.org/live");
        Rejects([], Url);
        Rejects(data[..^1], Url);
        for (var i = 0; i < data.Length; i++)
        {
            var changed = (byte[])data.Clone();
            changed[i] ^= 0x40;
            Rejects(changed, Url);
        }

        void Rejects(byte[] bytes, string context) =>
            Should.Throw<OperationException>(() => protector.Unprotect(bytes, context)).Message.ShouldNotContain("abcd");
    }

    [Fact]
    public void First_configured_key_encrypts_and_all_decrypt()
    {
        var folder = new DataFolder("/nonexistent");
        var before = new SecretProtector(folder, () => [First]);
        var during = new SecretProtector(folder, () => [Second, First]);
        var after = new SecretProtector(folder, () => [Second]);
        var old = before.Protect("key", Url);

        during.Unprotect(old, Url).ShouldBe("key");
        (during.IsCurrent(old), before.IsCurrent(old)).ShouldBe((false, true));
        after.Unprotect(during.Protect("key", Url), Url).ShouldBe("key");
        Should.Throw<OperationException>(() => after.Unprotect(old, Url)).Message.ShouldContain("Control:SecretKeys");
        during.Rotate().ShouldBeFalse();
        var invalid = new SecretProtector(folder, () => ["abc"]);
        Should.Throw<OperationException>(() => invalid.Protect("key", Url)).Message.ShouldContain("openssl");
    }

    [Fact]
    public void Key_file_is_created_once_readable_by_its_owner_alone_and_keeps_earlier_keys()
    {
        using var folder = TempFolder.Create();
        var data = new DataFolder(folder.Path);
        var protector = new SecretProtector(data, () => []);
        var file = Path.Combine(folder.Path, SecretProtector.FileName);
        Should.Throw<OperationException>(() => protector.Unprotect(new SecretProtector(data, () => [First]).Protect("x", Url), Url));
        File.Exists(file).ShouldBeFalse("reading creates no key");

        var old = protector.Protect("key", Url);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        new SecretProtector(data, () => []).Unprotect(old, Url).ShouldBe("key", "another process");

        new SecretProtector(data, () => []).Rotate().ShouldBeTrue();
        protector.IsCurrent(old).ShouldBeFalse();
        protector.Unprotect(old, Url).ShouldBe("key", "a running server reads the file again");
        protector.IsCurrent(protector.Protect("key", Url)).ShouldBeTrue();
        protector.Rotate();
        protector.Unprotect(old, Url).ShouldBe("key", "a rotation that was not completed makes nothing unreadable");
        File.ReadAllLines(file).Length.ShouldBe(3);
        Directory.GetFiles(folder.Path).ShouldBe([file]);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        for (var i = 3; i < SecretProtector.MaxKeys; i++)
        {
            protector.Rotate().ShouldBeTrue();
        }

        Should.Throw<OperationException>(() => protector.Rotate()).Message.ShouldContain(file);
        protector.Unprotect(old, Url).ShouldBe("key");

        File.WriteAllText(file, "not a key\n");
        Should.Throw<OperationException>(() => protector.Protect("key", Url)).Message.ShouldContain(file);
    }

    [Fact]
    public async Task Processes_that_begin_at_the_same_time_use_the_same_key()
    {
        using var folder = TempFolder.Create();
        var data = new DataFolder(folder.Path);
        var secrets = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(_ => Task.Run(() => new SecretProtector(data, () => []).Protect("key", Url))));
        var reader = new SecretProtector(data, () => []);
        secrets.ShouldAllBe(secret => reader.IsCurrent(secret));
    }
}
