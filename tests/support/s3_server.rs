//! `s3-server --port PORT --root DIR`: an S3 server for the end-to-end tests. Prints where it listens.

use std::path::PathBuf;

use clap::Parser;

#[path = "s3.rs"]
mod s3;

#[derive(Parser)]
struct Arguments {
    /// 0 takes a free one
    #[arg(long)]
    port: u16,
    #[arg(long)]
    root: PathBuf,
    /// Of those who write one name each waits for the one before
    #[arg(long)]
    in_turns: bool,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    use std::io::Write as _;

    let Arguments { port, root, in_turns } = Arguments::parse();
    let server = s3::S3Server::bind(port, &root)?;
    let server = if in_turns { server.in_turns() } else { server };
    writeln!(std::io::stdout(), "listening on {}", server.address()?)?;
    server.serve().await
}
