using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests;

public sealed class ChecksumTests(CephFixture ceph)
{
    [Theory]
    [InlineData("", 0x00000000u)]
    [InlineData("123456789", 0xE3069283u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x22620404u)]
    public void Checksum_matches_the_standard_with_any_split_of_the_bytes(string text, uint sum)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            Crc32C.Append(Crc32C.Append(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)).ShouldBe(sum);
        }

        Crc32C.Parse(Crc32C.Format(sum)).ShouldBe(sum);
        Crc32C.Parse("e306928").ShouldBeNull();
    }

    [Fact]
    public async Task Spooled_file_has_the_checksum_of_its_appended_bytes_unless_that_is_unknown()
    {
        await using var bench = new SpoolHarness(store: new MemoryObjectStore(TimeProvider.System));
        bench.Write("whole", [1, 2], [3]).Seal();
        var cut = bench.Write("cut", [1, 2, 3, 9]);
        cut.Truncate(3);
        cut.Seal();
        var again = bench.Write("again", [8]);
        again.Truncate(0);
        again.Append([new byte[] { 1, 2, 3 }]);
        again.Seal();
        bench.Write("left", [1, 2]);
        bench.Write("sealed", [1, 2]).Seal();
        bench.Restart();
        bench.Write("left", [3]).Seal();
        bench.Write("sealed", [3]).Seal();

        var sum = Crc32C.Append(0, [1, 2, 3]);
        Noted("whole").ShouldBe(sum);
        Noted("again").ShouldBe(sum);
        Noted("sealed").ShouldBe(sum);
        Noted("cut").ShouldBeNull("what is cut off by a recovery is not read again; the store sums it up when it takes it");
        Noted("left").ShouldBeNull();

        uint? Noted(string name)
        {
            using var file = File.OpenHandle(Path.Combine(bench.Folder, name));
            return StoredChecksum.Read(file);
        }
    }

    [Fact]
    public async Task File_with_bytes_changed_in_the_spool_does_not_become_an_object()
    {
        await using var folder = TempFolder.Create();
        var path = folder.Sub("file");
        await File.WriteAllBytesAsync(path, new byte[1000]);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            StoredChecksum.Write(file, Crc32C.Append(0, new byte[999]));
        }

        using var store = ceph.Store();
        (await Should.ThrowAsync<ObjectStoreException>(() =>
            store.PutFileAsync(ObjectName.Parse("a"), path, PutCondition.CreateOnly, default))).Message.ShouldContain("Check the disk");
        (await store.FindAsync(ObjectName.Parse("a"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Service_rejects_bytes_changed_in_transit()
    {
        using var line = new FlippingLine(new Uri(ceph.Server.Endpoint).Port);
        using var store = ceph.Store(options => options.Endpoint = $"http://127.0.0.1:{line.Port}");
        (await store.PutAsync(ObjectName.Parse("good"), new byte[5000], PutCondition.CreateOnly, default)).ShouldBeTrue();

        var bytes = new byte[5000];
        FlippingLine.Marker.CopyTo(bytes.AsSpan(2000));
        await Should.ThrowAsync<ObjectStoreException>(() =>
            store.PutAsync(ObjectName.Parse("bad"), bytes, PutCondition.CreateOnly, default));
        (await store.FindAsync(ObjectName.Parse("bad"), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Service_verifies_the_MD5_of_bodies_sent_over_TLS()
    {
        await using var folder = TempFolder.Create();
        var path = folder.Sub("file");
        await File.WriteAllBytesAsync(path, new byte[17 << 20]);
        StorageOptions? used = null;
        using var store = ceph.Store(options => used = options, multipartFrom: 16 << 20, sendMd5: true);
        (await store.PutAsync(ObjectName.Parse("bytes"), new byte[5000], PutCondition.CreateOnly, default)).ShouldBeTrue();
        (await store.PutFileAsync(ObjectName.Parse("parts"), path, PutCondition.CreateOnly, default)).ShouldBeTrue();
        (await ObjectVerification.VerifyAsync(store, ObjectName.Parse("parts"), default)).ShouldBe(VerificationResult.Valid);

        using var client = S3Client.Create(used!, 4);
        var wrong = new Amazon.S3.Model.PutObjectRequest
        {
            BucketName = used!.Bucket, Key = "wrong", InputStream = new MemoryStream(new byte[5000]), UseChunkEncoding = false,
            MD5Digest = FileDigest.Of(new byte[4999], md5: true).Md5,
        };
        (await Should.ThrowAsync<Amazon.S3.AmazonS3Exception>(() => client.PutObjectAsync(wrong))).ErrorCode.ShouldBe("BadDigest");
    }

    [Fact]
    public async Task Object_in_another_storage_class_behaves_like_any_other()
    {
        using var store = ceph.Store(options => options.StorageClass = "STANDARD");
        (await store.PutAsync(ObjectName.Parse("big"), new byte[200_000], PutCondition.CreateOnly, default)).ShouldBeTrue();
        (await ObjectVerification.VerifyAsync(store, ObjectName.Parse("big"), default)).ShouldBe(VerificationResult.Valid);
    }

    /// <summary>A proxy that changes a byte after a marker.</summary>
    private sealed class FlippingLine : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _end = new();

        public FlippingLine(int target)
        {
            _listener.Start();
            _ = AcceptAsync(target);
        }

        public static byte[] Marker { get; } = "flip the next byte: "u8.ToArray();

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose()
        {
            _end.Cancel();
            _listener.Dispose();
            _end.Dispose();
        }

        private async Task AcceptAsync(int target)
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync(_end.Token);
                    var server = new TcpClient();
                    await server.ConnectAsync(IPAddress.Loopback, target, _end.Token);
                    _ = PassAsync(client, server, flip: true);
                    _ = PassAsync(server, client, flip: false);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }

        private async Task PassAsync(TcpClient from, TcpClient to, bool flip)
        {
            var buffer = new byte[1 << 16];
            try
            {
                while (await from.GetStream().ReadAsync(buffer, _end.Token) is > 0 and var read)
                {
                    if (flip && buffer.AsSpan(0, read).IndexOf(Marker) is >= 0 and var place)
                    {
                        buffer[place + Marker.Length] ^= 1;
                    }

                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _end.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException
                or InvalidOperationException)
            {
                // One side has disconnected.
            }

            from.Dispose();
            to.Dispose();
        }
    }
}
