/** What nginx is told to be nchan alone: one process, one channel, nothing kept and nothing written. */
export function nchanConfiguration(module: string, port: number): string {
  return `
load_module ${module};
daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http {
  access_log off;
  client_body_temp_path body;
  client_body_buffer_size 256k;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      nchan_pubsub http websocket;
      nchan_channel_id load;
      nchan_store_messages off;
    }
  }
}
`;
}
